package builder

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spfzone/spfzone/spf"
)

// addSource reads the line of a source.
func (l *Lock) addSource(raw []byte, before *sourceKey) (key sourceKey, err error) {
	line, err := decodeLine[sourceLine](raw)
	if err != nil {
		return key, err
	}
	key = sourceKey{line.Name, line.Term, line.Domain}
	if before != nil && before.compare(key) >= 0 {
		return key, errOrder
	}
	s := lockedSource{sourceKey: key, prefixes: line.Prefixes}
	s.entry = Entry{Name: line.Name, Owner: line.Owner, Ticket: line.Ticket, Comment: line.Comment}
	if line.Expires != "" {
		if s.entry.Expires, err = time.Parse(time.DateOnly, line.Expires); err != nil {
			return key, fmt.Errorf("%q is no date", line.Expires)
		}
	}
	if line.Name == "" || line.Term == "" || line.Prefixes < 0 {
		return key, errors.New("a source has a name, a term, and a number of prefixes")
	}
	if s.since, err = parseStamp(line.Since); err != nil {
		return key, err
	}
	if line.Kept != "" {
		if s.kept, err = parseStamp(line.Kept); err != nil {
			return key, err
		}
	}
	for _, text := range line.Changes {
		c, err := parseChange(text)
		if err != nil {
			return key, err
		}
		s.changes = append(s.changes, c)
	}
	l.sources = append(l.sources, s)
	return key, nil
}

// addAnswer reads the line of an answer.
func (l *Lock) addAnswer(raw []byte, before *question) (q question, err error) {
	line, err := decodeLine[answerLine](raw)
	if err != nil {
		return q, err
	}
	q.typ = line.Type
	if q.name, err = unescape(line.Name); err != nil {
		return q, err
	}
	if before != nil && compareQuestions(*before, q) >= 0 {
		return q, errOrder
	}
	a := &lockedAnswer{ttl: spf.Forever, of: line.For}
	if err := a.records(q, line); err != nil {
		return q, err
	}
	if line.TTL != nil {
		if *line.TTL < 0 || *line.TTL > maxTTL {
			return q, fmt.Errorf("a TTL is a number of seconds from 0 to %d", maxTTL)
		}
		a.ttl = time.Duration(*line.TTL) * time.Second
	}
	if a.since, err = parseStamp(line.Since); err != nil {
		return q, err
	}
	if !ascending(line.For, strings.Compare) {
		return q, errors.New(`"for" is sorted, and nothing stands in it twice`)
	}
	l.answers[q] = a
	return q, nil
}

// records reads what an answer holds, which must be of the question's type.
func (a *lockedAnswer) records(q question, line answerLine) error {
	held := map[string]int{
		"txt": len(line.TXT), "addresses": len(line.Addresses), "mx": len(line.MX), "ptr": len(line.PTR), "none": len(line.None),
	}
	key, known := map[string]string{"A": "addresses", "AAAA": "addresses", "MX": "mx", "PTR": "ptr", "TXT": "txt"}[q.typ]
	if !known {
		return errors.New("a type is A, AAAA, MX, PTR or TXT")
	}
	maps.DeleteFunc(held, func(_ string, n int) bool { return n == 0 })
	if len(held) != 1 || held[key]+held["none"] == 0 {
		return fmt.Errorf("the answer to a question for %s is %q or \"none\", and one of them alone", q.typ, key)
	}
	switch line.None {
	case noneNXDomain:
		a.nxdomain = true
	case noneNoData, "":
	default:
		return errors.New(`"none" is "nxdomain" or "nodata"`)
	}
	if err := checkQuestion(q); err != nil {
		return err
	}
	for _, read := range []func() error{
		func() error { return a.readAlias(line.Alias) },
		func() error { return a.readTXT(line.TXT) },
		func() error { return a.readAddresses(q.typ, line.Addresses) },
		func() error { return a.readMX(line.MX) },
		func() error { return a.readPTR(line.PTR) },
	} {
		if err := read(); err != nil {
			return err
		}
	}
	return a.checkOrder()
}

func (a *lockedAnswer) readAlias(text string) (err error) {
	if text == "" {
		return nil
	}
	if a.alias, err = unescape(text); err != nil {
		return err
	}
	return checkOctets(a.alias)
}

// checkQuestion wants a canonical name, or for PTR an address. Any octet may
// stand in a label.
func checkQuestion(q question) error {
	if q.typ == "PTR" {
		if addr, err := netip.ParseAddr(q.name); err != nil || pointerOf(addr) != q {
			return fmt.Errorf("%q is no address, which a question for PTR has for its name", q.name)
		}
		return nil
	}
	return checkOctets(q.name)
}

func checkOctets(name string) error {
	if name == "." {
		return nil
	}
	lower := strings.IndexFunc(name, func(r rune) bool { return 'A' <= r && r <= 'Z' }) < 0
	if !lower || len(name) < 2 || len(name) > 256 || name[len(name)-1] != '.' || name[0] == '.' || strings.Contains(name, "..") {
		return fmt.Errorf("%q is no canonical name: absolute, in lower case, with the final dot", escape(name))
	}
	return nil
}

func (a *lockedAnswer) readTXT(records [][]string) error {
	for _, strs := range records {
		var txt spf.TXT
		for _, s := range strs {
			raw, err := unescape(s)
			if err != nil {
				return err
			}
			txt = append(txt, raw)
		}
		if len(txt) == 0 {
			return errors.New("a TXT record has at least one string")
		}
		a.txt = append(a.txt, txt)
	}
	return nil
}

func (a *lockedAnswer) readAddresses(typ string, addresses []string) error {
	for _, text := range addresses {
		ip, err := netip.ParseAddr(text)
		if err != nil || ip.String() != text || ip.Zone() != "" || ip.Is4() != (typ == "A") {
			return fmt.Errorf("%q is no address that an %s record may hold", text, typ)
		}
		a.addrs = append(a.addrs, ip)
	}
	return nil
}

func (a *lockedAnswer) readMX(records []string) error {
	for _, text := range records {
		number, host, _ := strings.Cut(text, " ")
		preference, err := strconv.ParseUint(number, 10, 16)
		raw, errHost := unescape(host)
		if err != nil || errHost != nil || strconv.FormatUint(preference, 10) != number || checkOctets(raw) != nil {
			return fmt.Errorf("%q is no MX record: they are written as \"10 mail.example.com.\"", text)
		}
		a.mx = append(a.mx, spf.MailExchange{Preference: uint16(preference), Host: raw})
	}
	return nil
}

func (a *lockedAnswer) readPTR(names []string) error {
	for _, text := range names {
		raw, err := unescape(text)
		if err != nil {
			return err
		}
		if err := checkOctets(raw); err != nil {
			return err
		}
		a.ptr = append(a.ptr, raw)
	}
	return nil
}

func (a *lockedAnswer) checkOrder() error {
	before := lockedAnswer{txt: slices.Clone(a.txt), addrs: slices.Clone(a.addrs), mx: slices.Clone(a.mx), ptr: slices.Clone(a.ptr), nxdomain: a.nxdomain, alias: a.alias}
	if before.sort(); !before.same(a) {
		return errors.New("the records of an answer are sorted")
	}
	return nil
}

// addSpare reads the line of the names for parts.
func (l *Lock) addSpare(raw []byte, before *string) (owner string, err error) {
	line, err := decodeLine[spareLine](raw)
	if err != nil {
		return owner, err
	}
	if owner, err = unescape(line.Owner); err != nil {
		return owner, err
	}
	if before != nil && compareNames(*before, owner) >= 0 {
		return owner, errOrder
	}
	if err := checkOctets(owner); err != nil {
		return owner, err
	}
	if strings.Count(line.Names, "%d") != 1 || line.Last < mostParts {
		return owner, fmt.Errorf(`"names" is a pattern with %%d, and "last" a number of %d at the least`, mostParts)
	}
	l.spares[owner] = spare{line.Names, line.Last}
	return owner, nil
}
