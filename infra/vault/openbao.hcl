# /etc/openbao/openbao.hcl: one node, for a demo.
api_addr     = "https://vault.internal:8200"
cluster_addr = "https://127.0.0.1:8201"

listener "tcp" {
  address         = "0.0.0.0:8200"
  cluster_address = "127.0.0.1:8201"
  tls_cert_file   = "/etc/openbao/tls.crt"
  # A copy that systemd hands to the unit alone.
  tls_key_file    = "/run/credentials/openbao.service/tls.key"
}

storage "raft" {
  path    = "/var/lib/openbao"
  node_id = "demo"
  # A node that is alone need not wait long for others.
  performance_multiplier = 1
}

# The first device, so that no request depends on the socket.
audit "file" "primary" {
  options {
    file_path = "/var/log/openbao/audit.log"
  }
}

audit "socket" "replicator" {
  options {
    address              = "/run/vault-audit-forwarder/audit.sock"
    socket_type          = "unix"
    write_timeout        = "1s"
    elide_list_responses = "true"
    skip_test            = "true"
  }
}
