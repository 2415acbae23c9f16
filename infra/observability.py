"""Alarms for what the receiver cannot tell itself, because it is not there, and for
what its log says; and one page that shows all of it.

Everything the receiver knows it tells the topic itself (``notify``). The alarms are for
a receiver that is away, that has no room, that has stopped comparing, or that fails at
something nobody thought of. Each also tells when it is over.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_elasticloadbalancingv2 as elb
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.entrance import Entrance
from infra.ground import Ground
from infra.log_lines import EVENTS, LEVELS, field_of
from infra.schedule import Schedule
from infra.service import Service

_MINUTE = Duration.minutes(1)
_FIVE = Duration.minutes(5)
_DAY = 86_400
#: So many intervals without a comparison are too many.
_MISSED = 3
_MISSING = cloudwatch.TreatMissingData
_MORE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD
_LESS = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD


@dataclass(frozen=True, slots=True)
class Watched:
    """The parts that have metrics."""

    service: Service
    entrance: Entrance
    schedule: Schedule | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watch:
    """One alarm: ``metric`` compared with ``threshold``, ``times`` in a row."""

    name: str
    says: str
    metric: cloudwatch.IMetric
    threshold: float
    times: int
    when: cloudwatch.ComparisonOperator = _MORE
    missing: cloudwatch.TreatMissingData = _MISSING.NOT_BREACHING


class Observability(Construct):
    """The alarms tell ``ground.topic``."""

    def __init__(
        self, scope: Construct, construct_id: str, ground: Ground, parts: Watched
    ) -> None:
        super().__init__(scope, construct_id)
        self._ground, self._parts = ground, parts
        self._of_log = {name: self._counted(name) for name in (*EVENTS, *LEVELS)}
        alarms = [self._alarm(watch) for watch in self._watches()]
        self._dashboard(alarms)

    def _counted(self, name: str) -> cloudwatch.Metric:
        """How many lines of this kind there were."""
        field, value = field_of(name)
        namespace = f"VaultReplicator/{self._ground.config.name}"
        made = logs.MetricFilter(
            self,
            f"Filter{name}",
            log_group=self._parts.service.logs,
            filter_pattern=logs.FilterPattern.string_value(f"$.{field}", "=", value),
            metric_namespace=namespace,
            metric_name=name,
            metric_value="1",
        )
        return made.metric(statistic="Sum", period=_FIVE)

    def _watches(self) -> Iterator[_Watch]:
        yield from self._of_presence()
        yield from self._of_room()
        yield _Watch(
            name="errors",
            says="The receiver's log has lines of level error",
            metric=self._of_log["Errors"],
            threshold=0,
            times=1,
        )
        yield from self._of_comparisons()
        if self._parts.schedule is not None:
            queue = self._parts.schedule.undelivered
            yield _Watch(
                name="schedule",
                says="EventBridge Scheduler could not start a comparison",
                metric=queue.metric_approximate_number_of_messages_visible(
                    period=_FIVE, statistic="Maximum"
                ),
                threshold=0,
                times=1,
            )

    def _of_presence(self) -> Iterator[_Watch]:
        targets, balancer = self._parts.entrance.targets, self._parts.entrance.balancer
        yield _Watch(
            name="no-healthy-target",
            says="The load balancer reaches no receiver: events wait in the forwarders",
            metric=targets.metrics.healthy_host_count(
                period=_MINUTE, statistic="Minimum"
            ),
            threshold=1,
            times=5,
            when=_LESS,
            missing=_MISSING.BREACHING,
        )
        yield _Watch(
            name="not-running",
            says="The receiver's task does not run",
            metric=self._insight("RunningTaskCount", "Minimum"),
            threshold=1,
            times=5,
            when=_LESS,
            missing=_MISSING.BREACHING,
        )
        for name, says, metric in (
            (
                "receiver-5xx",
                "The receiver answers with 5xx: its disk, or a fault of its own",
                targets.metrics.http_code_target(
                    elb.HttpCodeTarget.TARGET_5XX_COUNT, period=_FIVE
                ),
            ),
            (
                "balancer-5xx",
                "The load balancer answers with 5xx in the receiver's place",
                balancer.metrics.http_code_elb(
                    elb.HttpCodeElb.ELB_5XX_COUNT, period=_FIVE
                ),
            ),
        ):
            yield _Watch(name=name, says=says, metric=metric, threshold=10, times=2)

    def _of_room(self) -> Iterator[_Watch]:
        service = self._parts.service.service
        for name, metric in (
            ("cpu", service.metric_cpu_utilization(period=_FIVE)),
            ("memory", service.metric_memory_utilization(period=_FIVE)),
        ):
            yield _Watch(
                name=name,
                says=f"The receiver uses more than 85 % of its {name}",
                metric=metric,
                threshold=85,
                times=3,
            )

    def _of_comparisons(self) -> Iterator[_Watch]:
        """What should come regularly does not, or finds nobody to ask each time."""
        interval = self._ground.config.interval
        window = _MISSED * interval
        times = math.ceil(window / _DAY)
        period = Duration.minutes(math.ceil(window / times / 60))
        yield _Watch(
            name="not-compared",
            says=f"No comparison has ended for {_MISSED} intervals",
            metric=self._of_log["Comparisons"].with_(period=period),
            threshold=1,
            times=times,
            when=_LESS,
            missing=_MISSING.BREACHING,
        )
        period = Duration.minutes(int(interval / 60))
        yield _Watch(
            name="incomplete",
            says=f"{_MISSED} comparisons in a row could not ask Vault or AWS for all",
            metric=self._of_log["Incomplete"].with_(period=period),
            threshold=0,
            times=_MISSED,
        )

    def _insight(self, name: str, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="ECS/ContainerInsights",
            metric_name=name,
            dimensions_map={
                "ClusterName": self._ground.cluster.cluster_name,
                "ServiceName": self._parts.service.service.service_name,
            },
            statistic=statistic,
            period=_MINUTE,
        )

    def _alarm(self, watch: _Watch) -> cloudwatch.Alarm:
        made = cloudwatch.Alarm(
            self,
            watch.name,
            alarm_name=f"{self._ground.config.name}-{watch.name}",
            alarm_description=watch.says,
            metric=watch.metric,
            threshold=watch.threshold,
            evaluation_periods=watch.times,
            comparison_operator=watch.when,
            treat_missing_data=watch.missing,
        )
        tell = actions.SnsAction(self._ground.topic)
        made.add_alarm_action(tell)
        made.add_ok_action(tell)
        return made

    def _dashboard(self, alarms: list[cloudwatch.Alarm]) -> None:
        service, entrance = self._parts.service.service, self._parts.entrance
        page = cloudwatch.Dashboard(
            self, "Dashboard", dashboard_name=self._ground.config.name
        )
        page.add_widgets(
            cloudwatch.AlarmStatusWidget(title="Alarms", alarms=alarms, width=24)
        )
        page.add_widgets(
            _graph("Secrets", *(self._of_log[one] for one in (*EVENTS, *LEVELS))),
            _graph(
                "Requests",
                entrance.balancer.metrics.request_count(period=_FIVE),
                entrance.targets.metrics.target_response_time(period=_FIVE),
            ),
            _graph(
                "Room",
                service.metric_cpu_utilization(period=_FIVE),
                service.metric_memory_utilization(period=_FIVE),
            ),
        )


def _graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8)
