package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"strings"
	"unicode"

	"github.com/spfzone/spfzone/spf"
)

// printer gathers the text of an answer.
type printer struct {
	bytes.Buffer
	colored bool
}

// printer gives an empty one. Colors are for results and errors alone, so that
// what is wrong is found at a glance.
func (a *app) printer() *printer { return &printer{colored: a.wantsColor()} }

// wantsColor decides --color: auto is yes on a terminal, save where the
// environment has NO_COLOR (https://no-color.org) or TERM=dumb.
func (a *app) wantsColor() bool {
	switch a.color.value {
	case colorAlways:
		return true
	case colorNever:
		return false
	}
	noColor, _ := a.env("NO_COLOR")
	term, _ := a.env("TERM")
	return noColor == "" && term != "dumb" && a.isTerminal(a.stdout)
}

func (p *printer) linef(format string, args ...any) {
	fmt.Fprintf(p, format, args...)
	p.WriteByte('\n')
}

// field prints one line of a list of names and values. A value without
// content is left out.
func (p *printer) field(name, value string) {
	if value != "" {
		p.linef("%-12s %s", name, value)
	}
}

// The colors, as ECMA-48 numbers them.
const (
	red    = 31
	green  = 32
	yellow = 33
)

func (p *printer) paint(color int, text string) string {
	if !p.colored || text == "" {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", color, text)
}

// result gives a result in its color: what is let through is green, what is
// not red, the rest yellow.
func (p *printer) result(r spf.Result) string { return p.paint(colorOf(r), r.String()) }

func colorOf(r spf.Result) int {
	switch r {
	case spf.Pass:
		return green
	case spf.Fail, spf.PermError, spf.TempError:
		return red
	}
	return yellow
}

// printable takes out what could move a terminal's cursor or end a line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return '?'
		}
		return r
	}, s)
}

// trimDot gives a canonical name as people write it.
func trimDot(name string) string {
	if name == "." {
		return name
	}
	return printable(strings.TrimSuffix(name, "."))
}

// counted gives a number with its noun: "1 prefix", "2 prefixes".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// grouped gives a number with commas between its groups of three digits, and
// from 10^15 on in powers of two or by its size.
func grouped(n *big.Int) string {
	digits := n.String()
	if len(digits) > 15 {
		if n.TrailingZeroBits() == uint(n.BitLen()-1) {
			return fmt.Sprintf("2^%d", n.BitLen()-1)
		}
		return fmt.Sprintf("about %c.%se%d", digits[0], digits[1:3], len(digits)-1)
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// encodeJSON writes a document, indented, with "<" and its like as they are.
func encodeJSON(w io.Writer, document any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(document)
}
