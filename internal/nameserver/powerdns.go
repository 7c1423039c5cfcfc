package nameserver

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// PowerDNS starts the PowerDNS authoritative server with an SQLite database,
// DNS update and the HTTP API.
func PowerDNS(t testing.TB, zone, text string) *Server {
	t.Helper()
	bare := strings.TrimSuffix(zone, ".")
	return PowerDNSWith(t, zone, text, "dnsupdate=yes\nallow-dnsupdate-from=127.0.0.0/8\n", [][]string{
		{"import-tsig-key", KeyName, "hmac-sha256", Key},
		{"import-tsig-key", Key512, "hmac-sha512", Key},
		{"import-tsig-key", Other, "hmac-sha256", Key},
		{"set-meta", bare, "TSIG-ALLOW-DNSUPDATE", KeyName, Key512},
		{"activate-tsig-key", bare, KeyName, "primary"},
		{"activate-tsig-key", bare, Key512, "primary"},
	})
}

// PowerDNSWith starts it with lines of pdns.conf, and with what commands of
// pdnsutil set up beside the zone.
func PowerDNSWith(t testing.TB, zone, text, settings string, commands [][]string) *Server {
	t.Helper()
	server := program(t, "pdns_server", "pdns-server pdns-backend-sqlite3")
	util := program(t, "pdnsutil", "pdns-server pdns-backend-sqlite3")
	sqlite := program(t, "sqlite3", "sqlite3")
	dir, p, web := folder(t), port(t), port(t)
	write(t, dir, "pdns.conf", fmt.Sprintf(`launch=gsqlite3
gsqlite3-database=%s/db
gsqlite3-pragma-synchronous=0
local-address=127.0.0.1
local-port=%d
socket-dir=%s
receiver-threads=1
distributor-threads=1
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
api=yes
api-key=%s
webserver=yes
webserver-address=127.0.0.1
webserver-port=%d
webserver-loglevel=none
%s`, dir, p, dir, apiKey, web, settings))
	run(t, exec.Command(sqlite, filepath.Join(dir, "db"), ".read /usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql"))
	bare := strings.TrimSuffix(zone, ".")
	load := [][]string{
		{"load-zone", bare, write(t, dir, "zone", text)},
		{"set-kind", bare, "native"}, // for a primary, a thread of its own writes to the database as it starts
	}
	for _, args := range append(load, commands...) {
		run(t, exec.Command(util, append([]string{"--config-dir=" + dir}, args...)...))
	}
	s := &Server{Name: "PowerDNS", Address: fmt.Sprintf("127.0.0.1:%d", p), API: fmt.Sprintf("http://127.0.0.1:%d", web), APIKey: apiKey}
	return s.start(t, zone, dir, func() *exec.Cmd {
		return exec.Command(server, "--config-dir="+dir, "--daemon=no", "--guardian=no", "--write-pid=no", "--disable-syslog=yes")
	})
}

const apiKey = "spfzone-test-api-key"

func run(t testing.TB, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
}
