"""The page over HTTP: what stands on it, what can be pressed, and what strangers'
names cannot do to it."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from receiver.core.causes import Cause
from receiver.core.state import Decision, Hint, SecretRef, State
from receiver.ports import Backlog, QueueUnavailable
from receiver.web.page.links import Links
from receiver.web.sightings import Forwarder
from tests.fakes import FakeQueue
from tests.unit.receiver_web.conftest import RULES, World
from tests.unit.receiver_web.person import Person

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus=alert(1) autofocus x='",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt;&amp;",
    "\u202egpj.exe",
    "a b?c#d%2F&e=f",
]


@pytest.fixture
def person(world: World) -> Person:
    person = Person(world)
    person.logs_in()
    return person


def words(text: str) -> str:
    """What somebody reads: without tags, and with single spaces."""
    plain = re.sub(r"<(head|script)\b.*?</\1>|<[^>]+>", " ", text, flags=re.DOTALL)
    return " ".join(html.unescape(plain).split())


def secret_page(ref: SecretRef) -> str:
    names = {"namespace": ref.namespace, "mount": ref.mount, "path": ref.path}
    return f"/secret?{urlencode(names)}"


class TestTheFirstPage:
    def test_all_well(self, world: World, person: Person) -> None:
        """The verdict is the heading, the title, and the colour of the tab."""
        world.enter("a")
        page = person.sees("/").text

        assert '<h1 class="verdict is-well">All is well: 1 secret is in sync.' in page
        assert "<title>well · vault-prod</title>" in page
        assert '<link rel="icon" id="icon"' in page
        assert "/static/icon-well.svg?" in page
        assert "Nothing needs anybody." in words(page)
        assert "The brake is clear. Nothing is paused." in words(page)

    def test_what_needs_somebody(self, world: World, person: Person) -> None:
        """By cause, with who must act and how; the counts lead to the lists."""
        for number in range(7):
            ref = world.enter(f"p{number}", State.PARKED, cause="KMS_DENIED").ref
            world.park(Hint(ref=ref), "KMS_DENIED")
        world.faults.append("the token file is empty")
        page = person.sees("/").text
        read = words(page)

        assert "1 fault and 7 secrets need you" in read
        assert "KMS_DENIED 7 secrets" in read
        assert "AWS admin: allow this role to use the key in its key policy" in read
        assert "Retry all 7" in read
        assert "2 more" in read
        assert 'href="/secrets?state=parked"' in page
        assert "/static/icon-attention.svg?" in page

    def test_brake_forwarder_and_gap(self, world: World, person: Person) -> None:
        """Who is silent is said to be, and what holds is said with what releases it."""
        world.enter("h", State.HELD, cause="BRAKE", detail="51 deletes of 400")
        for name, ago in (("vault-1", 5), ("vault-2", 300)):
            world.parts.forwarders.note(
                Forwarder(
                    source="vault-prod",
                    name=name,
                    last_seen=world.clock.now() - ago,
                    last_entry_time=None,
                    gaps=0,
                    spool=0,
                    version="1.4.0",
                )
            )
        world.journal.add_gap(["kv/**"], "overflow", None)
        read = words(person.sees("/").text)

        assert "The brake holds 1 under rule hybrid: 51 deletes of 400" in read
        assert "vault-replicator reconcile --rule hybrid --force" in read
        assert "heard vault-1 5 s ago" in read
        assert "silent vault-2 5 min ago" in read
        assert "overflow: kv/**" in read

    def test_lag_and_reconciles(self, world: World) -> None:
        """Percentiles as text and as a picture with a text of its own."""
        run = {
            "last": world.clock.now() - 60,
            "seconds": 1.25,
            "compared": 412,
            "differing": {"repair": 1, "create": 0},
            "failures": [],
            "warnings": ["kv: 2 secrets vanished meanwhile"],
        }
        world.change(reconciles=lambda: [run], began=world.clock.now() - 600)
        for lag in (0.2, 0.3, 4.0):
            world.metrics.applied("hybrid", "update", "ok", lag)
        person = Person(world)
        person.logs_in()
        page = person.sees("/").text

        assert "Lag, since the start 10 min ago p50 0.3 s" in words(page)
        assert "66.6 % of 3 changes within 1 s" in words(page)
        assert 'role="img" aria-label="Lag of each minute' in page
        assert "took 1.2 s: 412 secrets compared: 1 repair kv: 2 secrets" in words(page)

    def test_a_pause(self, world: World, person: Person) -> None:
        """Who paused what, why and until when."""
        body = {"reason": "account move", "for": "125m"}
        world.request("POST", "/v1/pause", token="admin-token", json=body)
        read = words(person.sees("/").text)

        assert "Paused: nothing is written." in read
        assert "Paused, all rules: account move. Ordered by oncall" in read
        assert "(in 2 h)" in read

    def test_the_way_to_the_brake(self, world: World, person: Person) -> None:
        """Is shown of rules that have deleted something."""
        ref = world.enter("gone", State.DELETING).ref
        world.journal.deleting(ref, "hybrid", world.clock.now())
        read = words(person.sees("/").text)

        assert "The brake is clear (hybrid 1 of" in read
        assert "team 0" not in read


class TestTheList:
    def test_filter_and_search_are_in_the_address(
        self, world: World, person: Person
    ) -> None:
        """What is asked for is what is shown, and stands in the form again."""
        world.enter("good")
        world.enter("bad", State.PARKED, cause="KMS_DENIED")
        page = person.sees("/secrets?state=parked&rule=hybrid&q=BA").text

        assert "kv/bad" in page
        assert "kv/good" not in page
        assert '<option value="parked" selected>' in page
        assert "<option selected>hybrid</option>" in page
        assert 'value="BA"' in page

    def test_a_long_list_says_what_it_hides(self, world: World, person: Person) -> None:
        """200 rows a page; how many are left is said, and the next page goes on."""
        for number in range(450):
            world.enter(f"s{number:03}", State.PARKED, cause="KMS_DENIED")
        first = person.sees("/secrets?state=parked").text
        following = html.unescape(_next(first))
        second = person.sees(following).text

        assert "1 to 200 of 450; 250 more are not shown." in words(first)
        assert "201 to 400 of 450; 50 more are not shown." in words(second)
        assert first.count("<tr>") == 201
        assert "kv/s199" in first
        assert "kv/s200" in second

    def test_of_a_search_nobody_counts_all(self, world: World, person: Person) -> None:
        """Then it is only said that there are more."""
        for number in range(201):
            world.enter(f"s{number:03}")
        read = words(person.sees("/secrets?q=s").text)

        assert "1 to 200; more are not shown." in read

    def test_what_waits(self, world: World, person: Person) -> None:
        """Comes from the queue, with the cause of its last failure."""
        world.queue.add([Hint(ref=SecretRef("", "kv", "new"))])
        world.queue.retry(world.take(), delay=1.0, cause="VAULT_SEALED", detail="503")
        read = words(person.sees("/secrets?state=pending").text)

        assert "kv/new pending VAULT_SEALED" in read
        assert "1 to 1 of 1." in read

    @pytest.mark.parametrize("query", ["state=lost", "after=%00", "after=W10="])
    def test_a_wrong_address(self, person: Person, query: str) -> None:
        """Is refused on a page, without repeating it."""
        answer = person.sees(f"/secrets?{query}")

        assert answer.status_code == 422
        assert "This cannot be shown or done" in answer.text
        assert query.partition("=")[2] not in words(answer.text)


def _next(page: str) -> str:
    found = re.search(r'href="([^"]+)" rel="next"', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("number", ["²", "-1", "1e3", "9" * 40, "x", ""])
@pytest.mark.parametrize(
    "where", ["/?did=retry&count=", "/secrets?before=", "/orders?before="]
)
def test_odd_numbers_in_an_address(person: Person, where: str, number: str) -> None:
    """Are none, and say nothing."""
    answer = person.sees(where + quote(number))

    assert answer.status_code == 200
    assert "queued" not in words(answer.text)


class TestOneSecret:
    def test_both_sides(self, world: World) -> None:
        """What Vault had, what AWS holds, since when, and the way to both."""
        world.change(links=Links("https://vault:8200"))
        entry = world.enter(
            "a",
            version=7,
            version_id="v7-abc",
            created_time="2026-11-23T10:03:29Z",
            applied_at=world.clock.now() - 41,
            lag=0.22,
        )
        person = Person(world)
        person.logs_in()
        page = person.sees(secret_page(entry.ref)).text
        read = words(page)

        assert "in sync rule hybrid" in read
        assert "version 7 written 2026-11-23 10:03:29Z" in read
        assert "version id v7-abc" in read
        assert "wrote v7 to AWS, 0.22 s after Vault" in read
        assert 'href="https://vault:8200/ui/vault/secrets/kv/show/a"' in page
        assert "eu-central-1.console.aws.amazon.com/secretsmanager/secret?" in page

    def test_what_stops_it(self, world: World, person: Person) -> None:
        """Cause, detail, who acts, what is pressed, and what was decided already."""
        entry = world.enter(
            "c", State.CONFLICT, cause="CONFLICT_FOREIGN", detail="not ours", arn=None
        )
        world.journal.decide([entry], Decision.ADOPT, "oncall")
        page = person.sees(secret_page(entry.ref)).text
        read = words(page)

        assert "conflict CONFLICT_FOREIGN not ours" in read
        assert "who must act AWS admin:" in read
        assert "adopt, ordered by oncall" in read
        assert 'action="/adopt"' in page

    def test_what_waits_and_fails(self, world: World, person: Person) -> None:
        """The queue knows more than the journal."""
        ref = world.enter("a").ref
        world.queue.add([Hint(ref=ref)])
        world.queue.retry(world.take(), delay=0.0, cause="VAULT_SEALED", detail="x")
        read = words(person.sees(secret_page(ref)).text)

        assert "pending VAULT_SEALED" in read
        assert "Vault admin: unseal Vault" in read

    def test_who_asked(self, world: World, person: Person) -> None:
        """Orders about this secret alone are in its history."""
        ref = world.enter("a", State.PARKED, cause="KMS_DENIED").ref
        for body in ({"path": "kv/a"}, {"path": "kv/other"}, {"all": True}):
            world.request("POST", "/v1/retry", token="admin-token", json=body)
        read = words(person.sees(secret_page(ref)).text)

        assert read.count("retry, ordered by oncall") == 1

    def test_never_seen(self, world: World, person: Person) -> None:
        """What a rule covers has a name already; what none does is said so."""
        covered = words(person.sees("/secret?mount=kv&path=new").text)
        other = words(person.sees("/secret?mount=nowhere&path=x").text)

        assert "not seen yet rule hybrid" in covered
        assert "name kv/new" in covered
        assert "No rule replicates it" in other

    @pytest.mark.parametrize("query", ["", "mount=kv", "mount=kv&path=a/../b"])
    def test_no_secret(self, person: Person, query: str) -> None:
        """Is refused on a page."""
        assert person.sees(f"/secret?{query}").status_code == 422


def test_why(world: World, person: Person) -> None:
    """Each secret's page leads to what explain says of it, from Vault and AWS."""
    ref = world.enter("a").ref
    page = person.sees(secret_page(ref)).text
    link = re.search(r'href="(/explain[^"]*)"', page)
    assert link is not None
    read = words(person.sees(html.unescape(link[1])).text)

    assert "The way from Vault to AWS" in read
    assert "rule hybrid matches" in read


class TestOrders:
    def test_retry_one(self, world: World, person: Person) -> None:
        """At once; what becomes of it is on its own page."""
        world.enter("a", State.PARKED, cause="KMS_DENIED")
        answer = person.posts("/retry", {"secret": '["", "kv", "a"]'})
        after = person.sees(answer.headers["location"])

        assert answer.status_code == 303
        assert [hint.ref.path for hint in world.queue.hints] == ["a"]
        assert "1 secret queued to be tried again." in words(after.text)
        (deed,) = world.journal.deeds(before=None, limit=9)
        assert (deed.by, deed.what) == ("oncall", "retry")

    def test_retry_ticked(self, world: World, person: Person) -> None:
        """All that were ticked and no other."""
        for name in "abc":
            world.enter(name, State.PARKED, cause="KMS_DENIED")
        picks = ['["", "kv", "a"]', '["", "kv", "c"]']
        answer = person.posts("/retry", {"secret": picks})

        assert answer.headers["location"] == "/?did=retry&count=2"
        assert sorted(hint.ref.path for hint in world.queue.hints) == ["a", "c"]

    def test_retry_all_of_a_cause(self, world: World, person: Person) -> None:
        """How many is said first; nothing happens before the second click."""
        for number in range(12):
            world.enter(f"p{number}", State.PARKED, cause="KMS_DENIED")
        world.enter("other", State.PARKED, cause="VALUE_EMPTY")
        asked = person.posts("/retry", {"cause": "KMS_DENIED"})

        assert asked.status_code == 200
        assert "Retry 12 secrets?" in words(asked.text)
        assert world.queue.hints == []

        done = person.posts("/retry", {"cause": "KMS_DENIED", "sure": "yes"})
        assert done.headers["location"] == "/?did=retry&count=12"
        assert len(world.queue.hints) == 12

    def test_adopting_is_asked_twice(self, world: World, person: Person) -> None:
        """It overwrites what somebody else wrote."""
        world.enter("c", State.CONFLICT, cause="CONFLICT_FOREIGN")
        pick = {"secret": '["", "kv", "c"]'}
        asked = person.posts("/adopt", pick)

        assert "Adopt 1 secret?" in words(asked.text)
        assert next(world.journal.entries()).decision is None
        assert person.posts("/adopt", pick | {"sure": "yes"}).status_code == 303
        assert next(world.journal.entries()).decision is Decision.ADOPT

    def test_sync(self, world: World, person: Person) -> None:
        """Queued with doubt, and shown on the secret's page."""
        answer = person.posts("/sync", {"secret": '["", "kv", "a"]'})

        assert answer.headers["location"] == "/secret?mount=kv&path=a&did=sync"
        assert world.queue.hints[0].doubt
        read = words(person.sees(answer.headers["location"]).text)
        assert "Queued: a worker compares both sides" in read

    @pytest.mark.parametrize(
        ("path", "fields", "status"),
        [
            ("/retry", {}, 422),
            ("/retry", {"cause": "NO_SUCH_CAUSE"}, 422),
            ("/retry", {"secret": "no json"}, 422),
            ("/retry", {"secret": '["", "kv"]'}, 422),
            ("/retry", {"secret": '["", "kv", "../x"]'}, 422),
            ("/retry", {"secret": '["", "nowhere", "x"]'}, 404),
            ("/sync", {"secret": '["", "nowhere", "x"]'}, 404),
            ("/sync", {"secret": "[" * 50_000}, 422),
            ("/adopt", {"secret": [f'["", "kv", "{n}"]' for n in range(600)]}, 422),
        ],
    )
    def test_what_cannot_be_done(
        self, world: World, person: Person, path: str, fields: Any, status: int
    ) -> None:
        """Is said on a page, and nothing is."""
        answer = person.posts(path, fields)

        assert answer.status_code == status
        assert "This cannot be shown or done" in answer.text
        assert world.queue.hints == []

    def test_only_what_a_form_sends(self, world: World, person: Person) -> None:
        """Another content type is not even read."""
        answer = person.posts(
            "/retry",
            headers={"content-type": "text/plain", "sec-fetch-site": "same-origin"},
        )

        assert answer.status_code == 415

    def test_who_ordered_what(self, world: World, person: Person) -> None:
        """A page of its own, with names."""
        body = {"rule": "hybrid"}
        world.request("POST", "/v1/retry", token="admin-token", json=body)
        world.enter("a", State.PARKED, cause="KMS_DENIED")
        world.request("POST", "/v1/retry", token="admin-token", json=body)

        assert "oncall retry rule: hybrid" in words(person.sees("/orders").text)


class TestHostileNames:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_they_are_text_wherever_they_stand(
        self, world: World, person: Person, name: str
    ) -> None:
        """In lists, pages of their own, tick boxes, histories and messages."""
        ref = SecretRef("team", "kv", name)
        world.enter(
            "x", State.PARKED, ref=ref, name=name, cause=Cause.VALUE_EMPTY, detail=name
        )
        world.request(
            "POST",
            "/v1/release",
            token="admin-token",
            json={"namespace": "team", "mount": "kv", "path": name},
        )
        for path in ("/", "/secrets", "/orders", secret_page(ref)):
            page = person.sees(f"{path}{'&' if '?' in path else '?'}q={quote(name)}")
            tags = re.findall(r"<[^>]*>", page.text)

            assert page.status_code == 200
            assert "49{%" not in page.text
            assert not [tag for tag in tags if re.search(r"\son\w+\s*=", _bare(tag))]
            assert not [tag for tag in tags if tag.startswith(("<img", "<b>"))]
            assert page.text.count("<script") == page.text.count(
                '<script src="/static/'
            )
            assert "\u202e" not in words(page.text)

    def test_what_a_login_repeats(self, world: World) -> None:
        """The way back is text too."""
        page = Person(world).sees('/login?next=/secrets?q="><script>alert(1)</script>')

        assert "<script" not in page.text


def _bare(tag: str) -> str:
    """A tag without the values of its attributes."""
    return re.sub(r'"[^"]*"', '""', tag)


class TestHeaders:
    @pytest.mark.parametrize(
        "path", ["/", "/secrets", "/login", "/configuration", "/secrets?state=x"]
    )
    def test_a_browser_loads_nothing_but_ours(self, person: Person, path: str) -> None:
        """And runs no code that stands in a page; nobody frames or keeps it."""
        answer = person.sees(path)
        policy = dict(
            part.strip().split(" ", 1)
            for part in answer.headers["content-security-policy"].split(";")
        )

        assert policy.pop("default-src") == "'none'"
        assert set(policy.values()) == {"'self'", "'none'"}
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        for code in (" style=", "<style", "javascript:", " onclick="):
            assert code not in answer.text
        outside = re.findall(r'(?:src|href|action)="(?!/)([^"]*)"', answer.text)
        assert [where for where in outside if not where.startswith("#")] == []

    def test_static_files(self, person: Person) -> None:
        """Open to all, kept for ever, at an address that changes with the content."""
        for address in re.findall(r"/static/[^\"]+", person.sees("/").text):
            answer = Person.sees(person, address)

            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["content-type"].startswith(("text/", "image/svg"))

    @pytest.mark.parametrize("name", ["no.css", "..%2Frouting.py", "__init__.py", ""])
    def test_no_other_file(self, person: Person, name: str) -> None:
        """Only what lies there and is meant to."""
        assert person.sees(f"/static/{name}").status_code == 404


class BrokenQueue(FakeQueue):
    """A queue whose file cannot be read."""

    def backlog(self) -> Backlog:
        raise QueueUnavailable("the disk is gone: c4n4ry")


def test_an_unreadable_state(world: World) -> None:
    """Cannot tell is not all well: it is said, with 503, and on a page."""
    broken = BrokenQueue(world.clock.now, world.clock.steady)
    world.change(queue=broken)
    person = Person(world)
    person.logs_in()
    answer = person.sees("/")

    assert answer.status_code == 503
    assert "the state cannot be read" in answer.text
    assert "c4n4ry" not in answer.text


def test_the_configuration(world: World) -> None:
    """Every key with its value, or that it is set."""
    lines = [("vault.address", "https://v"), ("webhook.signing_keys", "set")]
    world.change(configuration=lambda: lines)
    person = Person(world)
    person.logs_in()

    read = words(person.sees("/configuration").text)
    assert "vault.address https://v webhook.signing_keys set" in read


def test_rules_are_those_of_now(world: World, person: Person) -> None:
    """The filter offers today's rules, and those that left something behind."""
    world.enter("old", State.ORPHANED, rule="removed", cause="NO_RULE")
    page = person.sees("/secrets").text

    for name in [rule.name for rule in RULES] + ["removed"]:
        assert f"<option>{name}</option>" in page
