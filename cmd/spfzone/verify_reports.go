package main

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// JUnit XML, as Jenkins, GitLab and others read it: a test suite for each
// domain, a test case for each rule.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Failure *junitProblem `xml:"failure"`
		Error   *junitProblem `xml:"error"`
		Skipped *junitSkipped `xml:"skipped"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitSkipped struct {
		Message string `xml:"message,attr"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

func junit(list []*verification) ([]byte, error) {
	all := junitSuites{Name: "spfzone verify"}
	for _, v := range list {
		s := junitSuite{Name: trimDot(v.domain.Name), Time: fmt.Sprintf("%.3f", v.took.Seconds())}
		for _, r := range verifyRules {
			c := junitCase{Class: s.Name, Name: r.id}
			c.take(v, r)
			s.Tests++
			if c.Failure != nil {
				s.Failures++
			}
			if c.Error != nil {
				s.Errors++
			}
			if c.Skipped != nil {
				s.Skipped++
			}
			s.Cases = append(s.Cases, c)
		}
		all.Tests, all.Failures, all.Errors, all.Skipped = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors, all.Skipped+s.Skipped
		all.Suites = append(all.Suites, s)
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", "  ")
	err := e.Encode(all)
	b.WriteByte('\n')
	return b.Bytes(), err
}

// take puts the findings of a rule into its case.
func (c *junitCase) take(v *verification, r rule) {
	var texts []string
	worst := levelNote
	for _, f := range v.findings {
		if f.rule != r {
			continue
		}
		texts = append(texts, f.text())
		if f.level != levelNote && worst != levelFailure {
			worst = f.level
		}
	}
	text := strings.Join(texts, "\n")
	switch {
	case len(texts) == 0:
		if why := v.unknown(r); why != "" {
			c.Skipped = &junitSkipped{why}
		}
	case worst == levelNote:
		c.Out = text
	case worst == levelFailure:
		c.Error = &junitProblem{texts[0], r.id, text}
	default:
		c.Failure = &junitProblem{texts[0], r.id, text}
	}
}

// unknown says why it is not known whether a rule is kept of which nothing was
// found.
func (v *verification) unknown(r rule) string {
	switch {
	case r == ruleBuild:
		return ""
	case v.has(ruleBuild):
		return "there is nothing to compare with, as the domain is not built"
	case v.has(ruleLookup):
		return "not all servers answer"
	}
	return ""
}

func (f finding) text() string {
	if f.where == "" {
		return printable(f.message)
	}
	return printable(f.where + ": " + f.message)
}

// SARIF 2.1.0, as code scanners' services read it. A result stands at the place
// of its domain in the configuration.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID            string          `json:"id"`
		Short         sarifText       `json:"shortDescription"`
		Configuration sarifConfigured `json:"defaultConfiguration"`
	}
	sarifConfigured struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
	}
)

func newSARIF(list []*verification) sarifLog {
	run := sarifRun{Tool: sarifTool{sarifDriver{Name: "spfzone", Version: newVersionDocument().Program}}, Results: []sarifResult{}}
	index := map[string]int{}
	for i, r := range verifyRules {
		index[r.id] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{r.id, sarifText{r.about}, sarifConfigured{r.level.sarif()}})
	}
	for _, v := range list {
		for _, f := range v.findings {
			place := v.domain.Place
			run.Results = append(run.Results, sarifResult{
				RuleID: f.rule.id, RuleIndex: index[f.rule.id], Level: f.level.sarif(),
				Message: sarifText{trimDot(v.domain.Name) + ": " + f.text()},
				Locations: []sarifLocation{{
					sarifPhysical{sarifArtifact{place.File}, sarifRegion{place.Line, place.Column}},
					[]sarifLogical{{trimDot(v.domain.Name)}},
				}},
			})
		}
	}
	return sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}
}

// sarif gives the level of SARIF, Section 3.27.10: it has none for what could
// not be looked at.
func (l level) sarif() string {
	if l == levelFailure {
		return string(levelError)
	}
	return string(l)
}
