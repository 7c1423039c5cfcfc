package resolver

import (
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spfzone/spfzone/spf"
)

// Options bound what a client takes. The zero value is ready for use. None
// of it matters for zone files.
type Options struct {
	Timeout     time.Duration    // for each try at one server; 0 is DefaultTimeout
	Attempts    int              // rounds over the servers, with a growing pause between; 0 is DefaultAttempts
	Concurrency int              // questions in flight at once; 0 is DefaultConcurrency
	CacheSize   int              // octets of answers to keep; 0 is DefaultCacheSize, below 0 keeps none
	Now         func() time.Time // the clock of the cache; nil is time.Now
	RootCAs     *x509.CertPool   // who may vouch for tls:// and https:// servers; nil is the system's roots
	ResolvConf  string           // the file that names the servers of "system"; empty is /etc/resolv.conf
}

// What Options stand for where they are zero.
const (
	DefaultTimeout     = 2 * time.Second
	DefaultAttempts    = 3
	DefaultConcurrency = 64
	DefaultCacheSize   = 64 << 20
)

// Forms lists the texts that Open takes, for a message or a manual.
const Forms = "system, udp://HOST[:PORT], tcp://HOST[:PORT], tls://HOST[:PORT][#NAME], https://HOST[:PORT][/PATH] or file:PATH[,PATH...]"

// Open gives the resolver that the specs describe, each in one of these forms;
// none at all stands for "system".
//
//	system               the servers of resolv.conf(5)
//	udp://HOST[:PORT]    by datagrams, and by TCP what is truncated; port 53
//	tcp://HOST[:PORT]    by TCP; port 53
//	tls://HOST[:PORT]    by TLS (RFC 7858); port 853. The certificate must be
//	                     HOST's, or that of the name after a "#"
//	https://HOST/PATH    by POST (RFC 8484); path /dns-query
//	file:PATH[,PATH...]  out of zone files, as [LoadFiles] reads them
//
// Several servers are asked in the given order, beginning with the one that
// answered last, until one answers. Zone files, which answer for every name
// that there is, do not go with servers. Nothing is asked before the first
// lookup. The resolver holds nothing that must be closed: idle connections
// close by themselves.
func Open(specs []string, o Options) (spf.Resolver, error) {
	if len(specs) == 0 {
		specs = []string{"system"}
	}
	var files []string
	var servers []server
	for _, spec := range specs {
		if list, ok := strings.CutPrefix(spec, "file:"); ok {
			paths, err := splitPaths(list)
			if err != nil {
				return nil, err
			}
			files = append(files, paths...)
			continue
		}
		s, err := parseServers(spec, o)
		if err != nil {
			return nil, err
		}
		servers = append(servers, s...)
	}
	switch {
	case len(files) == 0:
		return newClient(servers, o), nil
	case len(servers) > 0:
		return nil, fmt.Errorf("zone files (file:%s) answer for every name, so that %s would never be asked: give either files or servers",
			strings.Join(files, ","), servers[0])
	}
	return LoadFiles(files...)
}

// splitPaths gives the paths of a file: resolver.
func splitPaths(list string) ([]string, error) {
	paths := strings.Split(list, ",")
	for _, path := range paths {
		if path == "" {
			return nil, errors.New("the resolver \"file:" + list + "\" lacks a path: say file:PATH[,PATH...]")
		}
	}
	return paths, nil
}
