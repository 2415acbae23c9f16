# /etc/openbao/seal.hcl: the server opens itself, with a key from Secrets Manager that is
# on no disk of the instance.
#
# Not by KMS itself: since 2.7 OpenBao's own program has no awskms seal, and the plugin
# that has it comes from no package index that could be pinned here.
seal "static" {
  current_key_id = "demo-1"
  current_key    = "file:///run/credentials/openbao.service/seal.key"
}
