package nameserver

import (
	"net"
	"os"
	"testing"
	"time"

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

// A server whose port somebody else has when it comes back is started until it has
// it again.
func TestRestartOnTakenPort(t *testing.T) {
	for _, k := range Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			s := k.Start(t, "example.test.", zone)
			s.Kill()
			before, err := os.ReadFile(s.log)
			if err != nil {
				t.Fatal(err)
			}
			l, err := net.Listen("tcp", s.Address)
			if err != nil {
				t.Fatal(err)
			}
			p, err := net.ListenPacket("udp", s.Address)
			if err != nil {
				t.Fatal(err)
			}
			refused := make(chan bool, 1)
			go func() {
				defer l.Close()
				defer p.Close()
				for end := time.Now().Add(patience / 2); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
					if log, err := os.ReadFile(s.log); err == nil && taken(log[len(before):]) {
						refused <- true
						return
					}
				}
				refused <- false
			}()
			s.Restart("example.test.")
			if !<-refused {
				t.Error("the log does not say that the port is taken")
			}
			want := [][]byte{[]byte("\x07v=spf1 \x04-all")}
			if diff := cmp.Diff(want, s.TXT("example.test.")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A port is one test's alone, though nothing listens at it.
func TestPortsDiffer(t *testing.T) {
	seen := map[int]bool{}
	for range 500 {
		n := port(t)
		if seen[n] {
			t.Errorf("%d is given twice", n)
		}
		seen[n] = true
	}
}
