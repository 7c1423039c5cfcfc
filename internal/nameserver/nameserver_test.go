package nameserver

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const zone = `$ORIGIN example.test.
$TTL 300
@ IN SOA ns1 hostmaster 1 7200 3600 1209600 60
@ IN NS ns1
ns1 IN A 192.0.2.53
@ IN TXT "v=spf1 " "-all"
`

func TestServersServe(t *testing.T) {
	for _, k := range Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			s := k.Start(t, "example.test.", zone)
			want := [][]byte{[]byte("\x07v=spf1 \x04-all")}
			if diff := cmp.Diff(want, s.TXT("example.test.")); diff != "" {
				t.Error(diff)
			}
			s.Kill()
			s.Restart("example.test.")
			if diff := cmp.Diff(want, s.TXT("example.test.")); diff != "" {
				t.Errorf("after a restart: %s", diff)
			}
		})
	}
}
