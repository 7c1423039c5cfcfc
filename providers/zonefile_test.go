package providers

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/spfzone/spfzone/internal/zoneedit"
	"github.com/spfzone/spfzone/providers/txt"
	"github.com/spfzone/spfzone/zonefile"
)

// zoneOfHand is a zone file to which each test adds its records.
const zoneOfHand = `$TTL 1h ; our zone
@	IN	SOA	ns1 hostmaster (
		2026112400 ; serial
		7200 3600 1209600 300 )
	IN	NS	ns1
	IN	MX	10 mail
ns1	A	192.0.2.53
mail	A	192.0.2.25
	TXT	( "v=spf1 " ; the mail server
		"a -all" )
part10	TXT	"v=spf1 ip4:192.0.2.10 -all"
xpart1	TXT	"v=spf1 mx -all"
`

// handwritten is a zone file under test, and who disturbs it.
type handwritten struct {
	*testing.T
	path   string
	name   string
	writes int
	before map[int]txt.Record
	fault  map[int]fault
}

// zoneFileSite is a zone in a file.
func zoneFileSite(t *testing.T, name string, records []txt.Record) site {
	h := &handwritten{T: t, path: filepath.Join(t.TempDir(), "zone"), name: name, before: map[int]txt.Record{}, fault: map[int]fault{}}
	h.write(zoneOfHand)
	for _, r := range records {
		h.add(r)
	}
	p, err := Open(settings("zonefile", "file", h.path), Env{ZoneFile: h.editor})
	if err != nil {
		t.Fatal(err)
	}
	p.pause = noPause
	return site{
		publisher: p,
		form:      func(r txt.Record) txt.Record { return r },
		wire: func() []string {
			return h.published(func(rr dns.RR) (string, bool) { return data(rr), isTXTAt(rr, name) })
		},
		rest: func() []string {
			return h.published(func(rr dns.RR) (string, bool) {
				if soa, ok := rr.(*dns.SOA); ok {
					soa.Serial = 0
				}
				return rr.String(), !isTXTAt(rr, name)
			})
		},
		before: func(n int, r txt.Record) { h.before[n] = r },
		fault:  func(n int, f fault) { h.fault[n] = f },
		writes: func() int { return h.writes },
	}
}

func (h *handwritten) editor(f ZoneFile) Swapper {
	return &zoneedit.Editor{File: f.File, Now: func() time.Time { return time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC) }, Swap: h.swap}
}

// swap writes as it should, but for what the test wants.
func (h *handwritten) swap(path string, read, text []byte) error {
	h.writes++
	if r, ok := h.before[h.writes]; ok {
		h.add(r)
	}
	if h.fault[h.writes] == refused {
		return errors.New("the disk is full")
	}
	err := zonefile.SwapFile(path, read, text)
	if h.fault[h.writes] == lost {
		return errors.New("the disk is slow")
	}
	return err
}

func (h *handwritten) text() string {
	text, err := os.ReadFile(h.path)
	if err != nil {
		h.Fatal(err)
	}
	return string(text)
}

func (h *handwritten) write(text string) {
	if err := os.WriteFile(h.path, []byte(text), 0o644); err != nil {
		h.Fatal(err)
	}
}

// add is somebody who writes a record into the file.
func (h *handwritten) add(r txt.Record) {
	text := ""
	if _, err := os.Stat(h.path); err == nil {
		text = h.text()
	}
	h.write(fmt.Sprintf("%s%s TXT %s\n", text, h.name, r))
}

// published gives something of some of the zone's records, as a name server
// reads them.
func (h *handwritten) published(of func(dns.RR) (string, bool)) []string {
	out := []string{}
	zp := dns.NewZoneParser(strings.NewReader(h.text()), testZone, "zone")
	for rr, ok := zp.Next(); ok; rr, ok = zp.Next() {
		if s, wanted := of(rr); wanted {
			out = append(out, s)
		}
	}
	if err := zp.Err(); err != nil {
		h.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func isTXTAt(rr dns.RR, name string) bool {
	return rr.Header().Rrtype == dns.TypeTXT && rr.Header().Name == name
}

func data(rr dns.RR) string { return strings.TrimPrefix(rr.String(), rr.Header().String()) }

func TestZoneFileSettings(t *testing.T) {
	var got ZoneFile
	env := Env{ZoneFile: func(f ZoneFile) Swapper { got = f; return nil }}
	if _, err := Open(settings("zonefile", "file", "x.zone", "folder", "/etc/bind", "reload", "rndc reload", "serial", "date"), env); err != nil {
		t.Fatal(err)
	}
	if want := (ZoneFile{"x.zone", "/etc/bind", "rndc reload", true}); got != want {
		t.Errorf("got %+v", got)
	}
	const want = `c.yaml:1:1: the provider "p": serial: wanted keep or date, found "unix"`
	if _, err := Open(settings("zonefile", "file", "x.zone", "serial", "unix"), env); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// The error of an edit whose reload command fails tells what became of it, once.
func TestReloadThatFails(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the reload commands are those of Unix")
	}
	h := &handwritten{T: t, path: filepath.Join(t.TempDir(), "zone"), name: apex, fault: map[int]fault{}}
	once := filepath.Join(t.TempDir(), "once")
	failed := fmt.Sprintf("provider p: creating the TXT records of example.test.: %%sthe reload command %q failed: exit status 1; it said \"rmdir: failed to remove '%s': No such file or directory\"", "rmdir "+once, once)
	tests := []struct {
		name  string
		fault map[int]fault
		want  string
		cause error
		state State
	}{
		{"what was there is put back", nil,
			fmt.Sprintf(failed, "") + "; what was there is there again, under the serial number 2026112402, as the name server may have read the other", txt.ErrPutBack, Unchanged},
		{"and cannot be put back", map[int]fault{2: refused},
			fmt.Sprintf(failed, "the change is stored, but may not be published: ") + "; putting back what was there: the disk is full; 1 TXT records stand there now, of which 1 are SPF records", txt.ErrUnpublished, Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h.write(zoneOfHand)
			h.writes, h.fault = 0, tt.fault
			if err := os.Mkdir(once, 0o777); err != nil { // which the command can remove once
				t.Fatal(err)
			}
			p, err := Open(settings("zonefile", "file", h.path), Env{ZoneFile: func(f ZoneFile) Swapper {
				e := h.editor(f).(*zoneedit.Editor)
				e.Reload = "rmdir " + once
				return e
			}})
			if err != nil {
				t.Fatal(err)
			}
			p.pause = noPause
			err = p.Replace(t.Context(), testZone, apex, txt.RRset{}, p.Attainable(txt.RRset{}, rrset(3600, rec(newSPF))))
			if err == nil || err.Error() != tt.want {
				t.Errorf("\n got %v\nwant %s", err, tt.want)
			}
			var e *Error
			if !errors.Is(err, tt.cause) || !errors.As(err, &e) || e.State != tt.state {
				t.Errorf("got %#v", err)
			}
		})
	}
}
