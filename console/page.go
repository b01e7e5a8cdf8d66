package console

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"reflect"
	"regexp"
	"strings"
	"time"

	"sluis/exchange"
)

//go:embed pages/*.html
var pageFiles embed.FS

// pages are the templates of one language.
type pages struct {
	words catalogue
	all   map[string]*template.Template // by name of the file, without .html
}

// shared are the files with parts that every page may use.
var shared = []string{"frame", "icons", "parts", "conference-parts", "passing-parts"}

// parse reads every template, once per language: what a template says is fixed
// before anybody asks.
func (c *Console) parse() (map[string]*pages, error) {
	words, err := readWords()
	if err != nil {
		return nil, err
	}
	files, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		return nil, err
	}
	sets := map[string]*pages{}
	for _, lang := range languages {
		base := template.New("").Funcs(c.functions(lang, words)).Option("missingkey=error")
		for _, name := range shared {
			if _, err := base.ParseFS(pageFiles, "pages/"+name+".html"); err != nil {
				return nil, err
			}
		}
		set := &pages{words: words, all: map[string]*template.Template{}}
		for _, file := range files {
			name := strings.TrimSuffix(path.Base(file), ".html")
			clone, err := base.Clone()
			if err != nil {
				return nil, err
			}
			if set.all[name], err = clone.ParseFS(pageFiles, file); err != nil {
				return nil, err
			}
		}
		sets[lang] = set
	}
	return sets, nil
}

// functions are what templates can call, in one language.
func (c *Console) functions(lang string, words catalogue) template.FuncMap {
	return template.FuncMap{
		"t":        func(key string, pairs ...any) string { return words.word(lang, key, pairs...) },
		"lang":     func() string { return lang },
		"say":      func(s exchange.Sentence) string { return in(lang, s) },
		"reveal":   reveal,
		"born":     func(p exchange.Personal) string { return bornIn(lang, p) },
		"legal":    func(text string) string { return articleIn(lang, text) },
		"side":     func(id, beside exchange.PartyID) string { return c.sideOf(lang, id, beside) },
		"day":      func(t time.Time) string { return dayIn(lang, t) },
		"shortday": func(t time.Time) string { return shortDayIn(lang, t) },
		"short":    short,
		"moment":   func(t time.Time) string { return momentIn(lang, t) },
		"iso": func(t time.Time) string {
			if t.IsZero() {
				return ""
			}
			return t.In(office).Format(time.DateOnly)
		},
		"party":     func(id exchange.PartyID) string { return c.nameOf(id) },
		"phone":     c.phoneOf,
		"oin":       func(oin exchange.OIN) string { return c.nameOf(exchange.PartyID{OIN: oin}) },
		"fault":     func(code string) string { return titleIn(lang, code) },
		"colleague": func(id exchange.ActorID) string { return c.colleague(id) },
		"item":      func(code exchange.ItemCode) string { return in(lang, c.item(code).Name) },
		"tells":     func(code exchange.ItemCode, d exchange.Depth) string { return in(lang, c.item(code).Depths[d]) },
		"purpose":   func(code exchange.PurposeCode) string { return in(lang, c.purpose(code).Name) },
		"domain": func(code exchange.DomainCode) string {
			d, _ := c.node.Law().Domain(code)
			return in(lang, d.Name)
		},
		"capacity": func(code exchange.CapacityCode) string {
			own, _ := c.node.Identity().Capacity(code)
			d, ok := c.node.Law().Domain(own.Domain)
			if !ok {
				return string(code)
			}
			return in(lang, d.Name)
		},
		"said": func(all []exchange.Statement) []explained { return c.said(lang, all) },
		"ground": func(code exchange.GroundCode) string {
			g, _ := c.node.Law().Ground(code)
			return in(lang, g.Name)
		},
		"condition": func(k exchange.Condition, by exchange.PartyID) string {
			return in(lang, c.node.Law().SentenceOf(k, by, c.nameOf))
		},
		"due":  func(t time.Time) string { return due(words, lang, c.now(), t) },
		"late": func(t time.Time) bool { return daysUntil(c.now(), t) < 0 },
		"soon": func(t time.Time) bool { return daysUntil(c.now(), t) <= soonDays },
		"trigger": func(code exchange.TriggerCode) string {
			r, _ := c.node.Law().Trigger(code)
			return in(lang, r.Name)
		},
		"kind": func(kind string) string { return words.word(lang, "kind."+kind) },
		"size": func(n int64) string { return inUnits(lang, n) },
		"ref":  ref,
		"article": func(code exchange.ConditionCode) string {
			rule, _ := c.node.Law().Condition(code)
			return rule.Article
		},
		"onward":    onwardOf,
		"lastday":   func(until time.Time) string { return dayIn(lang, until.Add(-time.Second)) },
		"corrected": correctedOn,
		"dict":      dict,
		"first":     first,
		"beyond":    beyond,
		"list":      func(all ...any) []any { return all },
		"add":       func(a, b int) int { return a + b },
	}
}

// reveal is where the pages show what is personal.
func reveal(p any) (string, error) {
	switch p := p.(type) {
	case exchange.Personal:
		return p.Reveal(), nil
	case exchange.BSN:
		return p.Reveal(), nil
	}
	return "", fmt.Errorf("a %T is nothing to reveal", p)
}

// short is a name that fits in a picture; the table beside it has all of it.
func short(name string) string {
	const most = 27
	if r := []rune(name); len(r) > most {
		return strings.TrimSpace(string(r[:most-1])) + "…"
	}
	return name
}

// ref is a short name of a request or case that people can read to each other.
// It says nothing about anybody.
func ref(id exchange.ID) string {
	s := strings.ToUpper(strings.ReplaceAll(string(id), "-", ""))
	if len(s) < 8 {
		return s
	}
	return s[len(s)-8:len(s)-4] + "-" + s[len(s)-4:]
}

// shownEach bounds a list on a page that has several.
const shownEach = 50

// first is what a page shows of a list, beyond how much it does not.
func first(list any) any {
	v := reflect.ValueOf(list)
	return v.Slice(0, min(v.Len(), shownEach)).Interface()
}

func beyond(list any) int { return max(0, reflect.ValueOf(list).Len()-shownEach) }

// dict lets a template hand several things to a part.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict wants pairs")
	}
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, errors.New("the name of a pair is a text")
		}
		m[key] = pairs[i+1]
	}
	return m, nil
}

func due(words catalogue, lang string, now, t time.Time) string {
	switch n := daysUntil(now, t); {
	case n < -1:
		return words.word(lang, "due.late", "n", -n)
	case n == -1:
		return words.word(lang, "due.late-one")
	case n == 0:
		return words.word(lang, "due.today")
	case n == 1:
		return words.word(lang, "due.tomorrow")
	default:
		return words.word(lang, "due.days", "n", n)
	}
}

func (c *Console) item(code exchange.ItemCode) exchange.Item {
	i, _ := c.node.Law().Item(code)
	if i.Name.NL == "" {
		i.Name = exchange.Sentence{NL: string(code), EN: string(code)}
	}
	return i
}

func (c *Console) purpose(code exchange.PurposeCode) exchange.Purpose {
	p, _ := c.node.Law().Purpose(code)
	if p.Name.NL == "" {
		p.Name = exchange.Sentence{NL: string(code), EN: string(code)}
	}
	return p
}

// nameOf is what people call a party: its name in the register.
func (c *Console) nameOf(id exchange.PartyID) string {
	if id.OIN == c.node.Identity().OIN {
		return c.node.Identity().Name
	}
	if reg := c.node.Register(); reg != nil {
		if p, ok := reg.Party(id.OIN); ok {
			return p.Name
		}
	}
	return id.String()
}

// sideOf is what people call one of two parties. Where both are of this
// organisation it says which capacity is meant.
func (c *Console) sideOf(lang string, id, beside exchange.PartyID) string {
	name := c.nameOf(id)
	if own := c.node.Identity().OIN; id.OIN != own || beside.OIN != own {
		return name
	}
	if domain := c.domainOf(lang, id.Capacity); domain != "" {
		return name + " (" + domain + ")"
	}
	return name
}

// domainOf names the domain of a capacity of ours, "" for what is none.
func (c *Console) domainOf(lang string, code exchange.CapacityCode) string {
	own, _ := c.node.Identity().Capacity(code)
	d, _ := c.node.Law().Domain(own.Domain)
	return in(lang, d.Name)
}

// colleague is the name of somebody who works here, or his ID.
func (c *Console) colleague(id exchange.ActorID) string {
	a, err := c.node.StaffMember(context.Background(), id) // a template has no context of its own
	if err != nil {
		return string(id)
	}
	return a.Name.Reveal()
}

// A frame is what every page has around its own content.
type frame struct {
	Title        string
	Lang         string
	Organisation string
	Test         bool
	SignedIn     bool
	Acting       string
	Name         string
	Nav          []navItem
	Flash        string
	Path         string
	Refilled     bool
	OtherLang    string
	// Main is what the page itself is about.
	Main any
}

// A navItem is one entry of the navigation.
type navItem struct {
	Path, Label string
	Count       int // of what waits there
	Current     bool
}

// show writes a page. It is made whole before the first byte leaves.
func (v *visit) show(name, title string, main any) error {
	page, ok := v.c.pages[v.lang].all[name]
	if !ok {
		return fmt.Errorf("no page %s", name)
	}
	other := languages[0]
	if v.lang == other {
		other = languages[1]
	}
	f := frame{
		OtherLang: other,
		Title:     title, Lang: v.lang, Organisation: v.c.node.Identity().Name, Test: v.c.o.Test, SignedIn: v.actor.ID != "", Path: v.r.URL.Path,
		Refilled: v.refilled, Main: main,
	}
	if f.SignedIn {
		f.Acting, f.Name = v.word("role."+string(v.session.role)), v.actor.Name.Reveal()
		if domain := v.c.domainOf(v.lang, v.session.hat); domain != "" && !strings.HasPrefix(domain, f.Acting) { // not the same word twice
			f.Acting += ", " + domain
		}
		f.Nav = v.navigation()
		if key := v.heard(); key != "" {
			f.Flash = v.word(key)
		}
	}
	var b bytes.Buffer
	if err := page.ExecuteTemplate(&b, "page", f); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err := v.w.Write(v.marked(b.Bytes()))
	return err
}

// marked puts the mark of whom a page was made for into each of its forms. What
// people wrote holds no tag: it is escaped.
func (v *visit) marked(page []byte) []byte {
	if v.session.actor == "" {
		return page
	}
	field := fmt.Sprintf(`<input type="hidden" name="%s" value="%s">`, asField, v.session.mark())
	return formTag.ReplaceAllFunc(page, func(tag []byte) []byte {
		if bytes.Contains(tag, []byte("enctype=")) {
			return tag // a file goes as it is
		}
		return append(bytes.Clone(tag), field...)
	})
}

var formTag = regexp.MustCompile(`<form [^>]*method="post"[^>]*>`)

// part writes one named piece of a page, for what is shown anew without the rest.
func (v *visit) part(page, name string, main any) error {
	var b bytes.Buffer
	if err := v.c.pages[v.lang].all[page].ExecuteTemplate(&b, name, main); err != nil {
		return fmt.Errorf("part %s: %w", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err := v.w.Write(v.marked(b.Bytes()))
	return err
}

// navigation is what somebody in his role can go to.
func (v *visit) navigation() []navItem {
	var all []navItem
	counts := v.counted()
	at := v.r.URL.Path
	if rest, ok := strings.CutPrefix(at, "/verzoeken/"); ok { // a request belongs to its case
		at = v.caseAt(exchange.ID(rest))
	}
	here := "" // the longest path that leads here
	for _, path := range homes[v.session.role] {
		if (at == path || strings.HasPrefix(at, path+"/")) && len(path) > len(here) {
			here = path
		}
	}
	for _, path := range homes[v.session.role] {
		all = append(all, navItem{Path: path, Label: v.word("nav." + strings.TrimPrefix(path, "/")), Count: counts[path], Current: path == here})
	}
	return all
}

// homes are the pages in the navigation of each role, the first where it begins.
var homes = map[exchange.Role][]string{
	exchange.Professional:   {"/werkbak", "/ontvangen", "/overleg", "/casussen"},
	exchange.Requester:      {"/casussen", "/overleg", "/werkbak", "/ontvangen"},
	exchange.Coordinator:    {"/casussen", "/overleg", "/werkbak", "/ontvangen"},
	exchange.ReportingDesk:  {"/meldingen", "/werkbak", "/ontvangen"},
	exchange.PrivacyOfficer: {"/privacy", "/privacy/inwoners", "/privacy/zoeken", "/privacy/bewaren", "/privacy/wie"},
	exchange.Administrator:  {"/beheer", "/medewerkers"},
	exchange.Auditor:        {"/toezicht"},
}
