package builder_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spfzone/spfzone/builder"
)

func TestParseRefuses(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"empty", "", "f:1:1: the file holds no configuration"},
		{"only a comment", "# nothing yet", "f:1:1: the file holds no configuration"},
		{"NUL", "defaults: {all: fail}\ndomains:\x00", "f:2:9: a NUL octet: this is no text file"},
		{"binary", "\x7fELF\x02\x01", "f:1:1: the control character U+007F may not stand here"},
		{"not UTF-8", "domains: {m\xfcnchen.de: {}}", "f:1:12: the octet 0xfc is no UTF-8: this is no text file, or one in another encoding"},
		{"UTF-16", "\xff\xfed\x00o\x00", "f:1:1: the file is UTF-16: save it as UTF-8"},
		{"control character", "domains:\n  x.com\x1b: {}", "f:2:8: the control character U+001B may not stand here"},
		{"line separator", "domains:\u2028  x.com: {}", "f:1:9: the invisible character U+2028 may not stand here"},
		{"two documents", `
domains: {x.com: {senders: [], all: fail}}
---
domains: {}`, "f:2:1: a second YAML document: write one document a file"},
		{"syntax: indentation", `
defaults: {all: fail}
domains:
  x.com:
    senders: []
   ttl: 1h
  y.com: {senders: []}`, "f:5: YAML: this does not fit the lines above: check the indentation, and quotation marks and brackets before it"},
		{"syntax: list", `
domains:
  x.com:
    senders:
      - mx
      a: x
`, "f:5: YAML: this does not fit the list above: check the indentation"},
		{"syntax: bracket left over", `
defaults: {all: fail}
domains:
  x.com: {senders: [mx]]}`, `f:3: YAML: the mapping { is not well formed: put text that holds braces, brackets or commas, such as "${NAME}", in quotation marks`},
		{"syntax: bracket not closed", `
defaults: {all: fail}
domains:
  x.com: {senders: [mx
  y.com: {senders: []}`, "f:3: YAML: the list [ is not well formed: put text that holds braces, brackets or commas in quotation marks"},
		{"syntax: braces in a list", `
domains:
  x.com: {senders: [exists:%{i}.x.com]}`, "f:2: YAML: the list [ is not well formed: put text that holds braces, brackets or commas in quotation marks"},
		{"syntax: credential in braces", `
providers:
  p: {type: t, key: ${KEY}}`, `f:2: YAML: the mapping { is not well formed: put text that holds braces, brackets or commas, such as "${NAME}", in quotation marks`},
		{"syntax: quotation mark", `
domains:
  "x.com: {senders: []}`, "f:2: YAML: a quotation mark is not closed"},
		{"syntax: colon", `
domains:
  x.com
  y.com: {senders: []}`, "f:3: YAML: a second colon, or a key in the wrong place: check the indentation, or put the text in quotation marks"},
		{"syntax: second colon", `
domains:
  x.com: senders: []`, "f:2: YAML: a second colon, or a key in the wrong place: check the indentation, or put the text in quotation marks"},
		{"syntax: tab", "domains:\n\tx.com: {}", "f:2: YAML: a text may not start like this: put it in quotation marks; and indent with spaces, not tabs"},
		{"unknown anchor", `
domains:
  x.com: {senders: []}
  y.com: *x`, "f:3: YAML: unknown anchor 'x' referenced"},
		{"alias in itself", "domains: &d {x.com: *d}", "f:1:21: the alias *d stands inside of what it stands for"},
		{"merge key", `
defaults: &d {all: fail}
domains:
  x.com:
    <<: *d`, `f:4:5: the merge key "<<" is not supported: write the keys where they belong, or alias a whole value`},
		{"tag", "domains: !!map {x.com: {}}", `f:1:10: tags such as "!!map" are not supported: remove it`},
		{"no mapping", "- x.com", "f:1:1: wanted a mapping for a configuration, found a list"},
		{"no domain", `
defaults: {all: fail}
domains:`, `f:1:1: no domain is listed: write at least one under "domains"`},
		{"unknown section", `
dommains: {}
foo: {}`, `
f:1:1: unknown key "dommains" in a configuration; did you mean "domains"?
f:2:1: unknown key "foo" in a configuration`},
		{"unknown keys", `
defaults: {tll: 1h, limit: {}}
gateways: {g: {hots: g}}
domains: {x.com: {sendres: [], all: fail, senders: [], limits: {lookup: 3}}}`, `
f:1:12: unknown key "tll" in defaults; did you mean "ttl"?
f:1:21: unknown key "limit" in defaults; did you mean "limits"?
f:2:16: unknown key "hots" in a gateway; did you mean "host"?
f:3:19: unknown key "sendres" in a domain; did you mean "senders"?
f:3:65: unknown key "lookup" in limits; did you mean "lookups"?`},
		{"duplicate keys", `
defaults: {all: fail, all: fail}
networks:
  n: [192.0.2.1]
  n: [192.0.2.2]
networks: {}
domains: {x.com: {senders: []}}`, `
f:1:23: "all" stands already at f:1:12
f:4:3: "n" stands already at f:3:3
f:5:1: "networks" stands already at f:2:1`},
		{"a key that is no text", `
? [x]
: y
"": {}
domains: {x.com: {senders: [], all: fail}}`, `
f:1:3: wanted a text as key, found a list
f:3:1: the key is missing`},
		{"wrong types", `
defaults: []
networks: [n]
gateways: {g: [x]}
services: {s: true}
domains: {x.com: {senders: mx, all: {}, ttl: [1h], limits: 3, split: network, regions: [x], expect: {}, publish: []}, y.com: }
providers: {p: bind, q: {type: t, port: [53], key: }}`, `
f:1:11: wanted a mapping for defaults, found a list
f:2:11: wanted a mapping of networks by name, found a list
f:3:15: wanted a mapping for a gateway, found a list
f:4:15: wanted the domain of an include, found true
f:5:28: wanted a list of senders, found the text "mx"
f:5:37: wanted fail, softfail or neutral, found a mapping
f:5:46: wanted a TTL such as 3600, 1h, 1h30m or 1d, of whole seconds up to 2147483647, found a list
f:5:60: wanted a mapping for limits, found the number 3
f:5:70: wanted a mapping for split, found the text "network"
f:5:88: wanted a mapping of regions by domain name, found a list
f:5:101: wanted a list of checks, found a mapping
f:5:114: wanted the name of a provider, found a list
f:5:126: wanted a domain's senders and settings, found nothing
f:6:16: wanted a provider's type and settings, found the text "bind"
f:6:41: wanted a text, a number, true or false, found a list
f:6:52: wanted a text, a number, true or false, found nothing`},
		{"name of an entry", `
networks: {A: [192.0.2.1], mx: [192.0.2.1], 192.0.2.1: [192.0.2.1], "::1": [192.0.2.1], -n: [192.0.2.1], n/m: [192.0.2.1]}
domains: {x.com: {senders: [], all: fail}}`, `
f:1:12: "A" cannot be a name here: it is a mechanism of SPF
f:1:28: "mx" cannot be a name here: it is a mechanism of SPF
f:1:45: "192.0.2.1" cannot be a name here: it is an address
f:1:69: "::1" cannot be a name here: it is an address
f:1:89: "-n" cannot be a name here: names are made of letters and digits, with hyphens, underscores and dots behind the first
f:1:106: "n/m" cannot be a name here: names are made of letters and digits, with hyphens, underscores and dots behind the first`},
		{"one name for two things", `
networks: {v: [192.0.2.1]}
gateways: {v: v}
services: {v: v.com}
domains: {x.com: {senders: [], all: fail}}`, `
f:2:12: "v" stands already at f:1:12
f:3:12: "v" stands already at f:1:12`},
		{"networks", `
networks:
  n:
  - 192.0.2.1/24
  - 2001:db8::1/32
  - ::ffff:192.0.2.0/120
  - ::ffff:192.0.2.1
  - fe80::1%eth0
  - 0.0.0.0/0
  - 192.0.2.0/33
  - 2001:db8::/129
  - 192.0.2.0/024
  - 192.0.2
  - 192.0.2.1-192.0.2.9
  - 300.0.2.1
  - []
  - 12
  m: []
  o: {}
  p: 192.0.2.1
  q: {addresses: 192.0.2.1}
domains: {x.com: {senders: [], all: fail}}`, `
f:3:5: "192.0.2.1/24": bits are set behind the prefix length: write 192.0.2.0/24 for the network, or 192.0.2.1 for the address alone
f:4:5: "2001:db8::1/32": bits are set behind the prefix length: write 2001:db8::/32 for the network, or 2001:db8::1 for the address alone
f:5:5: "::ffff:192.0.2.0/120": an IPv4 address in IPv6 form: write 192.0.2.0/24
f:6:5: "::ffff:192.0.2.1": an IPv4 address in IPv6 form: write 192.0.2.1
f:7:5: "fe80::1%eth0": an address with a zone has a meaning on one machine only
f:8:5: "0.0.0.0/0": it authorises every address: list the networks that send
f:9:5: "192.0.2.0/33": the prefix length is a number from 0 to 32, without leading zeros
f:10:5: "2001:db8::/129": the prefix length is a number from 0 to 128, without leading zeros
f:11:5: "192.0.2.0/024": the prefix length is a number from 0 to 32, without leading zeros
f:12:5: "192.0.2": neither an address nor a prefix such as 192.0.2.0/24 or 2001:db8::/32
f:13:5: "192.0.2.1-192.0.2.9": neither an address nor a prefix such as 192.0.2.0/24 or 2001:db8::/32
f:14:5: "300.0.2.1": neither an address nor a prefix such as 192.0.2.0/24 or 2001:db8::/32
f:15:5: wanted an address or a prefix, found a list
f:16:5: "12": neither an address nor a prefix such as 192.0.2.0/24 or 2001:db8::/32
f:17:6: the network lists no address
f:18:3: the network "o" has no "addresses"
f:19:6: wanted a list of addresses and prefixes, or a mapping, found the text "192.0.2.1"
f:20:18: wanted a list of addresses and prefixes, found the text "192.0.2.1"`},
		{"annotations", `
networks: {n: {addresses: [192.0.2.1], owner: [], ticket: true, comment: , expires: 2027-02-30}, m: {addresses: [192.0.2.1], expires: soon}}
domains: {x.com: {senders: [], all: fail}}`, `
f:1:47: wanted a text, found a list
f:1:59: wanted a text, found true
f:1:74: wanted a text, found nothing
f:1:85: wanted a date as YYYY-MM-DD, found the text "2027-02-30"
f:1:135: wanted a date as YYYY-MM-DD, found the text "soon"`},
		{"gateways", `
gateways:
  g1: 192.0.2.1
  g2: {host: a..b}
  g3: {pin: true}
  g4: {host: g, pin: 1}
  g5: a b
  g6: mail@x.com
domains: {x.com: {senders: [], all: fail}}`, `
f:2:7: wanted the name of a host, found the address "192.0.2.1": list it under networks
f:3:14: "a..b" is not a domain name: it has an empty label
f:4:3: the gateway "g3" has no "host"
f:5:22: wanted true or false, found the number 1
f:6:7: "a b" is not a domain name: it holds the octet 0x20
f:7:7: "mail@x.com" is not a domain name: it holds "@"`},
		{"services", `
services:
  s1: include:v.com
  s2: v
  s3: "%{i}.v.com"
  s4: {flatten: never}
  s5: {include: v.com, flatten: allways}
  s6: {include: [v.com]}
  s7: https://v.com
domains: {x.com: {senders: [], all: fail}}`, `
f:2:7: write the domain alone, without "include:"
f:3:7: "v" has one label, and SPF knows no such domain (RFC 7208, Section 4.3): write the whole name
f:4:7: "%{i}.v.com" holds a macro: write it as the sender "include:%{i}.v.com"
f:5:3: the service "s4" has no "include"
f:6:33: wanted auto, always or never, found the text "allways"; did you mean "always"?
f:7:17: wanted the domain of an include, found a list
f:8:7: "https://v.com" is not a domain name: it holds ":"`},
		{"settings", `
defaults: {all: pass, ttl: 1x}
domains:
  x.com: {senders: [], all: failed, ttl: -1}
  y.com: {senders: [], all: -all, ttl: 1.5s, limits: {lookups: 11, voids: 3, response: 100, record: 31}}
  z.com: {senders: [], ttl: 2147483648, limits: {lookups: 0, voids: "2", response: 1e3, record: none}}`, `
f:1:17: all: pass authorises every host on the Internet: write fail, softfail or neutral
f:1:28: wanted a TTL such as 3600, 1h, 1h30m or 1d, of whole seconds up to 2147483647, found the text "1x"
f:3:29: wanted fail, softfail or neutral, found the text "failed"; did you mean "fail"?
f:3:42: wanted a TTL such as 3600, 1h, 1h30m or 1d, of whole seconds up to 2147483647, found the number -1
f:4:29: wanted fail, softfail or neutral, found the text "-all"
f:4:40: wanted a TTL such as 3600, 1h, 1h30m or 1d, of whole seconds up to 2147483647, found the text "1.5s"
f:4:64: wanted a whole number from 1 to 10, found the number 11
f:4:75: wanted a whole number from 0 to 2, found the number 3
f:4:88: wanted a whole number from 128 to 65535, found the number 100
f:4:101: wanted 0 for no limit, or a whole number from 32 to 65535, found the number 31
f:5:29: wanted a TTL such as 3600, 1h, 1h30m or 1d, of whole seconds up to 2147483647, found the number 2147483648
f:5:59: wanted a whole number from 1 to 10, found the number 0
f:5:69: wanted a whole number from 0 to 2, found the text "2"
f:5:84: wanted a whole number from 128 to 65535, found the number 1e3
f:5:97: wanted 0 for no limit, or a whole number from 32 to 65535, found the text "none"`},
		{"split", `
defaults: {all: fail, split: {by: region}}
domains:
  a.com: {senders: [], split: {by: regions}}
  b.com: {senders: [], split: {by: region}}
  c.com: {senders: [], split: {by: size}, regions: {r.c.com: [mx]}}
  d.com: {senders: [], split: {names: part}}
  e.com: {senders: [], split: {names: "%d-%d"}}
  f.com: {senders: [], split: {names: "part%d."}}
  g.com: {senders: [], split: {names: "part %d"}}`, `
f:1:30: a split by region is no default: each domain that lists regions has it
f:3:36: wanted size, network or region, found the text "regions"; did you mean "region"?
f:4:31: by: region needs "regions"
f:5:31: a domain with regions is split by region: remove the regions, or by: size
f:6:39: "part": a pattern for names holds %d once, for the number of the part, and no other percent sign
f:7:39: "%d-%d": a pattern for names holds %d once, for the number of the part, and no other percent sign
f:8:39: "part%d.": the pattern is relative to the domain: remove the final dot
f:9:39: "part %d": "part 12345" is not a domain name: it holds the octet 0x20`},
		{"no all", "domains: {x.com: {senders: [mx]}}", `f:1:11: the domain "x.com" has no "all": write fail, softfail or neutral, here or under defaults`},
		{"no senders", `
defaults: {all: fail}
domains: {x.com: {}}`, `f:2:11: the domain "x.com" has no "senders": write [] for a domain that sends no mail`},
		{"all and redirect", "domains: {x.com: {senders: [mx], all: fail, redirect: y.com}}", `f:1:55: "redirect" counts for nothing beside "all" (RFC 7208, Section 6.1): remove one`},
		{"redirect and exp", `
defaults: {all: fail}
domains:
  x.com: {redirect: x.com}
  y.com: {redirect: "%{z}.com", exp: x..com}
  z.com: {redirect: [z.com]}`, `
f:3:21: "redirect" leads to the domain itself
f:4:21: "%{z}.com": the macro letters are s, l, o, d, i, p, h and v (RFC 7208, Section 7.1)
f:4:38: "x..com" is not a domain name: it has an empty label
f:5:21: wanted a domain, found a list`},
		{"domain names", `
defaults: {all: fail}
domains:
  com: {senders: []}
  x..com: {senders: []}
  http://x.com: {senders: []}
  bob@x.com: {senders: []}
  "x y.com": {senders: []}
  a23456789012345678901234567890123456789012345678901234567890123b.com: {senders: []}`, `
f:3:3: "com" has one label, and SPF knows no such domain (RFC 7208, Section 4.3): write the whole name
f:4:3: "x..com" is not a domain name: it has an empty label
f:5:3: "http://x.com" is not a domain name: it holds ":"
f:6:3: "bob@x.com" is not a domain name: it holds "@"
f:7:3: "x y.com" is not a domain name: it holds the octet 0x20
f:8:3: "a23456789012345678901234567890123456789012345678901234567890123b.com" is not a domain name: the label "a23456789012345678901234567890123456789012345678901234567890123b" has 64 octets, of which 63 are allowed`},
		{"domain twice", `
defaults: {all: fail}
domains:
  x.com: {senders: []}
  X.COM.: {senders: []}
  bücher.example: {senders: []}
  xn--bcher-kva.example: {senders: []}
  x.com: {senders: []}`, `
f:4:3: the domain "X.COM." stands already at f:3:3
f:6:3: the domain "xn--bcher-kva.example" stands already at f:5:3
f:7:3: "x.com" stands already at f:3:3`},
		{"zone", `
defaults: {all: fail}
domains:
  x.com: {zone: y.com, senders: []}
  ax.com: {zone: x.com, senders: []}
  b.com: {zone: a.b.com, senders: []}
  c.com: {zone: "", senders: []}
  d.com: {zone: ., senders: []}`, `
f:3:17: the domain "x.com" is outside the zone "y.com"
f:4:18: the domain "ax.com" is outside the zone "x.com"
f:5:17: the domain "b.com" is outside the zone "a.b.com"
f:6:17: wanted the name of a zone, found the text ""
f:7:17: "." is not a domain name: it has an empty label`},
		{"unknown senders", `
defaults: {all: fail}
networks: {uk-dc: [192.0.2.1], de-dc: [192.0.2.2]}
domains: {x.com: {senders: [uk-cd, ~dedc, backup, mxx, "", "~"]}}`, `
f:3:29: unknown sender "uk-cd": no network, gateway or service has that name, and it is no term of SPF; did you mean "uk-dc"?
f:3:36: unknown sender "dedc": no network, gateway or service has that name, and it is no term of SPF; did you mean "de-dc"?
f:3:43: unknown sender "backup": no network, gateway or service has that name, and it is no term of SPF
f:3:51: unknown sender "mxx": no network, gateway or service has that name, and it is no term of SPF; did you mean "mx"?
f:3:56: wanted a sender: a name, an address or a term of SPF, found the text ""
f:3:60: wanted a sender behind the qualifier, found the text "~"`},
		{"senders", `
defaults: {all: fail}
domains:
  x.com:
    senders:
    - all
    - ~all
    - redirect=y.com
    - exp:y.com
    - moo=y.com
    - ipv4:192.0.2.1
    - ip4:192.0.2.1/24
    - ip6:::ffff:192.0.2.1
    - ip4:2001:db8::1
    - 0.0.0.0/0
    - ip6:::/0
    - include
    - "a:"
    - a:x..com
    - exists:%{z}.x.com`, `
f:5:7: "all": write "all:" beside the senders for the end of the record
f:6:7: "~all": write "all:" beside the senders for the end of the record
f:7:7: "redirect=y.com": a modifier is no sender: write "redirect:" beside the senders
f:8:7: "exp:y.com": a modifier is no sender: write "exp:" beside the senders
f:9:7: "moo=y.com": a modifier is no sender
f:10:7: "ipv4:192.0.2.1": unknown mechanism "ipv4": write ip4 (RFC 7208, Section 4.6.1)
f:11:7: "ip4:192.0.2.1/24": bits are set behind the prefix length: write 192.0.2.0/24 for the network, or 192.0.2.1 for the address alone
f:12:7: "ip6:::ffff:192.0.2.1": an IPv4 address in IPv6 form: write 192.0.2.1
f:13:7: "ip4:2001:db8::1": an IPv6 address belongs behind ip6: (RFC 7208, Section 5.6)
f:14:7: "0.0.0.0/0": it authorises every address: list the networks that send
f:15:7: "ip6:::/0": it authorises every address: list the networks that send
f:16:7: "include": a domain is missing: write it behind a colon (RFC 7208, Section 5.2)
f:17:7: "a:": a domain is missing behind the colon (RFC 7208, Section 5.3)
f:18:7: "a:x..com": "x..com" is not a domain name: it has an empty label
f:19:7: "exists:%{z}.x.com": the macro letters are s, l, o, d, i, p, h and v (RFC 7208, Section 7.1)`},
		{"senders that are no text", `
defaults: {all: fail}
domains:
  x.com:
    senders:
    - a: mail
    - [mx]
    -
    - true
    - {sender: mx, onwer: x}
    - {owner: x}
    - {sender: {}}
    - mx a`, `
f:5:7: a term has no space behind the colon: write "a:mail"
f:6:7: wanted a sender: a name, an address or a term of SPF, found a list
f:7:6: wanted a sender: a name, an address or a term of SPF, found nothing
f:8:7: wanted a sender: a name, an address or a term of SPF, found true
f:9:20: unknown key "onwer" in a sender; did you mean "owner"?
f:10:7: the sender has no "sender"
f:11:16: wanted a sender: a name, an address or a term of SPF, found a mapping
f:12:7: unknown sender "mx a": no network, gateway or service has that name, and it is no term of SPF`},
		{"regions", `
defaults: {all: fail}
domains:
  x.com:
    senders: []
    regions:
      x.com: [mx]
      uk.x.com:
      y.com: [mx]
      z.com: [mx]
      de.x.com: {senders: [mx], all: fail}
      fr.x.com: mx
      UK.x.com: [mx]
      us: [mx]
  y.com: {senders: []}
  e.com: {senders: [], regions: {}}`, `
f:6:7: the region "x.com" is the domain itself, whose record would include itself
f:7:7: the region "uk.x.com" has no senders: list them, or list it under domains
f:8:7: the region "y.com" lists senders, and so does the domain at f:14:3: leave them to the domain
f:9:7: the region "z.com" is neither below "x.com" nor a domain that is configured
f:10:33: unknown key "all" in a region
f:11:17: wanted a list of senders, or nothing for a domain that is configured, found the text "mx"
f:12:7: the region "UK.x.com" stands already at f:7:7
f:13:7: "us" has one label, and SPF knows no such domain (RFC 7208, Section 4.3): write the whole name
f:15:33: no region is listed`},
		{"a region in two domains", `
defaults: {all: fail}
domains:
  x.com: {regions: {r.a.x.com: [mx]}}
  a.x.com: {regions: {r.a.x.com: [mx]}}`, `f:4:23: the region "r.a.x.com" has its senders at f:3:21: list it under domains to use it twice`},
		{"regions in a circle", `
defaults: {all: fail}
domains:
  x.com: {regions: {y.com: }}
  y.com: {regions: {z.com: {}}}
  z.com: {regions: {x.com: }}`, "f:5:21: the regions lead in a circle: x.com → y.com → z.com → x.com"},
		{"expect", `
defaults: {all: fail}
domains:
  x.com:
    senders: []
    expect:
    - {result: pass}
    - {ip: 192.0.2.1, result: passed}
    - {ip: 192.0.2.0/24, result: pass}
    - {ip: "::ffff:192.0.2.1", result: pass}
    - {ip: host, result: pass, form: bob@x.com}
    - {ip: host, result: pass}
    - {ip: 192.0.2.1, result: pass, from: bob}
    - {ip: 192.0.2.1, result: pass, from: bob@y.com}
    - mx`, `
f:6:7: a check has an "ip" and a "result"
f:7:31: wanted none, neutral, pass, fail, softfail, temperror or permerror, found the text "passed"; did you mean "pass"?
f:8:12: "192.0.2.0/24": a check is of one address
f:9:12: "::ffff:192.0.2.1": an IPv4 address in IPv6 form: write 192.0.2.1
f:10:32: unknown key "form" in a check; did you mean "from"?
f:11:12: "host": neither an address nor a prefix such as 192.0.2.0/24 or 2001:db8::/32
f:12:43: wanted a mail address such as postmaster@x.com, found the text "bob"
f:13:43: "bob@y.com" is neither at x.com nor below: list the check under its own domain
f:14:7: wanted a mapping for a check, found the text "mx"`},
		{"publish", `
defaults: {all: fail}
domains:
  x.com: {senders: [], publish: bind-primry}
  y.com: {senders: [], publish: {}}
  z.com: {senders: [], publish: {provider: other}}
providers: {bind-primary: {type: rfc2136}, p: {server: 192.0.2.1}}`, `
f:3:33: unknown provider "bind-primry"; did you mean "bind-primary"?
f:4:33: publish has no "provider"
f:5:44: unknown provider "other"
f:6:44: the provider "p" has no "type"`},
		{"twenty and more", "domains: {x.com: {senders: [m1, m2, m3, m4, m5, m6, m7, m8, m9, n1, n2, n3, n4, n5, n6, n7, n8, n9, o1, o2, o3, o4], all: fail}}", `
f:1:29: unknown sender "m1": no network, gateway or service has that name, and it is no term of SPF
f:1:33: unknown sender "m2": no network, gateway or service has that name, and it is no term of SPF
f:1:37: unknown sender "m3": no network, gateway or service has that name, and it is no term of SPF
f:1:41: unknown sender "m4": no network, gateway or service has that name, and it is no term of SPF
f:1:45: unknown sender "m5": no network, gateway or service has that name, and it is no term of SPF
f:1:49: unknown sender "m6": no network, gateway or service has that name, and it is no term of SPF
f:1:53: unknown sender "m7": no network, gateway or service has that name, and it is no term of SPF
f:1:57: unknown sender "m8": no network, gateway or service has that name, and it is no term of SPF
f:1:61: unknown sender "m9": no network, gateway or service has that name, and it is no term of SPF
f:1:65: unknown sender "n1": no network, gateway or service has that name, and it is no term of SPF
f:1:69: unknown sender "n2": no network, gateway or service has that name, and it is no term of SPF
f:1:73: unknown sender "n3": no network, gateway or service has that name, and it is no term of SPF
f:1:77: unknown sender "n4": no network, gateway or service has that name, and it is no term of SPF
f:1:81: unknown sender "n5": no network, gateway or service has that name, and it is no term of SPF
f:1:85: unknown sender "n6": no network, gateway or service has that name, and it is no term of SPF
f:1:89: unknown sender "n7": no network, gateway or service has that name, and it is no term of SPF
f:1:93: unknown sender "n8": no network, gateway or service has that name, and it is no term of SPF
f:1:97: unknown sender "n9": no network, gateway or service has that name, and it is no term of SPF
f:1:101: unknown sender "o1": no network, gateway or service has that name, and it is no term of SPF
f:1:105: unknown sender "o2": no network, gateway or service has that name, and it is no term of SPF
and 2 more`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			config, err := builder.Parse(builder.Input{Name: "f", Reader: strings.NewReader(strings.TrimPrefix(tt.text, "\n"))})
			var errs *builder.ConfigErrors
			if config != nil || !errors.As(err, &errs) {
				t.Fatalf("Parse = %v, %v, want nil and a *ConfigErrors", config, err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), err.Error()); diff != "" {
				t.Error("(-want +got)", diff)
			}
		})
	}
}
