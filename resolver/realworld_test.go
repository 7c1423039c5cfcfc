package resolver

import (
	"bufio"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/spfzone/spfzone/internal/nameserver"
	"github.com/spfzone/spfzone/spf"
)

var data = filepath.Join("..", "..", "shared", "data")

// unzipped gives the text of a file beside the project, or skips the test.
func unzipped(t *testing.T, name string) io.Reader {
	t.Helper()
	f, err := os.Open(filepath.Join(data, name))
	if os.IsNotExist(err) {
		t.Skip("the real-world data is not beside the project")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// Every 40th domain of the real world has the same policy out of the zone file
// as over UDP from BIND, which has loaded that file.
func TestRealWorldOverBIND(t *testing.T) {
	zone, err := io.ReadAll(unzipped(t, "world.zone.gz"))
	if err != nil {
		t.Fatal(err)
	}
	url := "udp://" + nameserver.Zones(t, map[string]string{".": string(zone)}).Address
	live := &spf.Checker{Resolver: open(t, Options{Timeout: patience}, url)}
	world, err := LoadFiles(filepath.Join(data, "world.zone.gz"))
	if err != nil {
		t.Fatal(err)
	}
	// Without ListAddresses, which no live DNS can give.
	file := &spf.Checker{Resolver: struct{ spf.Resolver }{world}}

	domains := make(chan string)
	var compared atomic.Int64
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for domain := range domains {
				want, errWant := file.Policy(t.Context(), domain)
				got, err := live.Policy(t.Context(), domain)
				if err != nil || errWant != nil {
					t.Errorf("%s: out of the file %v, over UDP %v", domain, errWant, err)
					continue
				}
				if changes := want.Diff(got); len(changes) > 0 {
					t.Errorf("%s: from the file to UDP: %v", domain, changes)
				}
				compared.Add(1)
			}
		})
	}
	n := 0
	for lines := bufio.NewScanner(unzipped(t, "world-domains.txt.gz")); lines.Scan(); n++ {
		if n%40 == 0 {
			domains <- lines.Text()
		}
	}
	close(domains)
	wg.Wait()
	t.Logf("%d policies compared", compared.Load())
	if compared.Load() < 800 {
		t.Errorf("%d policies compared, want at least 800", compared.Load())
	}
}
