package resolver

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// parseServers gives the servers that one text names.
func parseServers(spec string, o Options) ([]server, error) {
	if spec == "system" {
		return systemServers(o)
	}
	u, err := url.Parse(strings.TrimSuffix(spec, "{?dns}")) // the variable of a URI template, which POST leaves empty (RFC 8484, Section 4.1)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is no resolver%s: it takes the form %s", spec, suggestion(spec), Forms)
	}
	if err := checkURL(u); err != nil {
		return nil, fmt.Errorf("the resolver %q %w", spec, err)
	}
	switch u.Scheme {
	case "udp":
		return []server{newDatagram(hostPort(u, "53"))}, nil
	case "tcp":
		return []server{newStream("tcp://", hostPort(u, "53"), nil)}, nil
	case "tls":
		return []server{newTLS(hostPort(u, "853"), serverName(u), o.RootCAs)}, nil
	case "https":
		return []server{newHTTPS(u, o.RootCAs)}, nil
	}
	return nil, fmt.Errorf("the resolver %q has the scheme %q: it takes the form %s", spec, u.Scheme, Forms)
}

// suggestion is what somebody who wrote a bare path, host or address meant.
func suggestion(spec string) string {
	switch {
	case isFile(spec):
		return fmt.Sprintf(" (file:%s?)", spec)
	case net.ParseIP(spec) != nil && strings.Contains(spec, ":"):
		return fmt.Sprintf(" (udp://[%s]?)", spec)
	case spec != "" && !strings.ContainsAny(spec, "/ "):
		return fmt.Sprintf(" (udp://%s?)", spec)
	}
	return ""
}

// isFile reports whether a text names a zone file that is there, or one by its
// ending.
func isFile(spec string) bool {
	first, _, _ := strings.Cut(spec, ",")
	if stat, err := os.Stat(first); err == nil && stat.Mode().IsRegular() {
		return true
	}
	return slices.Contains([]string{".zone", ".db", ".gz"}, filepath.Ext(first))
}

// checkURL says what in a server's URL has no place there.
func checkURL(u *url.URL) error {
	host, port := u.Hostname(), u.Port()
	switch {
	case host == "":
		return fmt.Errorf("names no host")
	case strings.Contains(host, ":") && !strings.HasPrefix(u.Host, "["):
		return fmt.Errorf("has an IPv6 address without brackets: say %s://[%s]", u.Scheme, u.Host)
	case u.User != nil:
		return fmt.Errorf("names a user: no server asks for one")
	case u.Fragment != "" && u.Scheme != "tls":
		return fmt.Errorf("ends in #%s: only tls:// takes a name for the certificate", u.Fragment)
	case u.Scheme != "https" && (strings.Trim(u.Path, "/") != "" || u.RawQuery != ""):
		return fmt.Errorf("has a path: only https:// takes one")
	case strings.HasSuffix(u.Host, ":"):
		return fmt.Errorf("ends in a colon without a port")
	case port == "":
		return nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("has the port %s: ports go from 1 to 65535", port)
	}
	return nil
}

// hostPort gives the address to dial.
func hostPort(u *url.URL, port string) string {
	if u.Port() != "" {
		port = u.Port()
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// serverName is whose certificate a tls:// server must show.
func serverName(u *url.URL) string {
	if u.Fragment != "" {
		return u.Fragment
	}
	return u.Hostname()
}

const resolvConf = "/etc/resolv.conf"

// systemServers gives the servers of resolv.conf(5), and as that page says the
// one on this host if there are none. Its search list and options are not
// heeded: names are absolute, and Options say how long to wait.
func systemServers(o Options) ([]server, error) {
	path := o.ResolvConf
	if path == "" {
		path = resolvConf
	}
	conf, err := dns.ClientConfigFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("the system's resolver is not known: %w: name a server, as udp://192.0.2.53", err)
	}
	if len(conf.Servers) == 0 {
		conf.Servers = []string{"127.0.0.1"}
	}
	var servers []server
	for _, host := range conf.Servers {
		servers = append(servers, newDatagram(net.JoinHostPort(host, conf.Port)))
	}
	return servers, nil
}
