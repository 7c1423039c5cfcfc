package configtest

import (
	"fmt"
	"strings"
)

// config deals the senders out to a domain and its regions, and writes all
// down.
func (d *draw) config() Config {
	c := Config{Listed: map[string]string{}, Limit: Limits{pick(d.Rand, d.p.Responses), pick(d.Rand, d.p.Records)}}
	qualifier, all := "-", "fail"
	if d.IntN(3) == 0 {
		qualifier, all = "~", "softfail"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "defaults:\n  all: %s\n  limits: {response: %d, record: %d}\n", all, c.Limit.Response, c.Limit.Record)
	for i, section := range [...]string{"networks", "gateways", "services"} {
		if list := d.lists[i].String(); list != "" {
			fmt.Fprintf(&b, "%s:\n%s", section, list)
		}
	}
	regions := 0
	if d.IntN(4) == 0 {
		regions = d.p.Regions.draw(d.Rand)
	}
	own := d.deal(regions + 1)
	fmt.Fprintf(&b, "domains:\n  %s:\n    senders: %s\n", d.p.Domain, written(own[0]))
	end := qualifier + "all"
	if len(d.p.Redirects) > 0 && d.IntN(5) == 0 && regions == 0 {
		target := pick(d.Rand, d.p.Redirects)
		fmt.Fprintf(&b, "    redirect: %s\n", target)
		end = "redirect=" + target
	}
	d.split(&b, regions)
	terms := meant(own[0])
	for i, senders := range own[1:] {
		name := fmt.Sprintf("r%d.%s", i, d.p.Domain)
		fmt.Fprintf(&b, "      %s: %s\n", name, written(senders))
		terms = append(terms, "include:"+name)
		c.Listed[name+"."] = record(append(meant(senders), qualifier+"all"))
	}
	c.Listed[d.p.Domain+"."] = record(append(terms, end))
	c.YAML = b.String()
	return c
}

func (d *draw) split(b *strings.Builder, regions int) {
	names := ""
	if len(d.p.Parts) > 0 {
		names = ", names: \"" + pick(d.Rand, d.p.Parts) + "\""
	}
	switch {
	case regions > 0:
		fmt.Fprintf(b, "    split: {by: region%s}\n    regions:\n", names)
	case d.IntN(4) == 0:
		fmt.Fprintf(b, "    split: {by: network%s}\n", names)
	case names != "":
		fmt.Fprintf(b, "    split: {%s}\n", names[2:])
	}
}

// deal gives each list its senders, in order.
func (d *draw) deal(lists int) [][]sender {
	out := make([][]sender, lists)
	for _, s := range d.all {
		i := d.IntN(lists)
		out[i] = append(out[i], s)
	}
	return out
}

func written(senders []sender) string {
	list := make([]string, len(senders))
	for i, s := range senders {
		list[i] = fmt.Sprintf("%q", s.qualifier+s.listed)
	}
	return "[" + strings.Join(list, ", ") + "]"
}

func meant(senders []sender) []string {
	var terms []string
	for _, s := range senders {
		for _, t := range s.terms {
			terms = append(terms, s.qualifier+t)
		}
	}
	return terms
}

func record(terms []string) string {
	return strings.Join(append([]string{"v=spf1"}, terms...), " ")
}
