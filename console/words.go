package console

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"time"
	_ "time/tzdata" // an office clock on a machine without one

	"github.com/pelletier/go-toml/v2"

	"sluis/exchange"
)

//go:embed words/*.toml
var wordFiles embed.FS

// languages are those of the pages, the first by default.
var languages = []string{"nl", "en"}

// catalogue has every word of the pages by key, in both languages.
type catalogue map[string]exchange.Sentence

// readWords reads the catalogues, one file per kind of user.
func readWords() (catalogue, error) {
	all := catalogue{}
	paths, err := fs.Glob(wordFiles, "words/*.toml")
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := wordFiles.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var file map[string]struct{ NL, EN string }
		if err := toml.Unmarshal(text, &file); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		for key, s := range file {
			if s.NL == "" || s.EN == "" {
				return nil, fmt.Errorf("%s: %s lacks a language", path, key)
			}
			if _, twice := all[key]; twice {
				return nil, fmt.Errorf("%s: %s stands in another file as well", path, key)
			}
			all[key] = exchange.Sentence{NL: s.NL, EN: s.EN}
		}
	}
	return all, nil
}

// in is a sentence in a language.
func in(lang string, s exchange.Sentence) string {
	if lang == "en" {
		return s.EN
	}
	return s.NL
}

// word says a key in a language; pairs fill what stands in braces.
func (c catalogue) word(lang, key string, pairs ...any) string {
	s, ok := c[key]
	if !ok {
		return key
	}
	text := in(lang, s)
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, fmt.Sprintf("{%v}", pairs[i]), fmt.Sprint(pairs[i+1]))
	}
	return text
}

func (v *visit) word(key string, pairs ...any) string {
	return v.c.pages[v.lang].words.word(v.lang, key, pairs...)
}

// office is where the people who read these pages work.
var office = func() *time.Location {
	l, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		return time.UTC
	}
	return l
}()

// dayIn is a day as people write it.
func dayIn(lang string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	t = t.In(office)
	if lang == "en" {
		return t.Format("2 January 2006")
	}
	return exchange.DutchDay(t)
}

// bornIn is a day of birth as people write it. What is no day stays as it is.
func bornIn(lang string, p exchange.Personal) string {
	day, err := time.ParseInLocation(time.DateOnly, p.Reveal(), office)
	if err != nil {
		return p.Reveal()
	}
	return dayIn(lang, day)
}

// shortDayIn is a day on an axis, without the year.
func shortDayIn(lang string, t time.Time) string {
	if lang == "en" {
		return t.In(office).Format("2 Jan")
	}
	day, month, _ := strings.Cut(exchange.DutchDay(t.In(office)), " ")
	if strings.HasPrefix(month, "maart") {
		return day + " mrt"
	}
	return day + " " + month[:3]
}

// momentIn is a moment as people write it.
func momentIn(lang string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return dayIn(lang, t) + ", " + t.In(office).Format("15:04")
}

// daysUntil counts calendar days from now to then, negative when it has passed.
func daysUntil(now, then time.Time) int {
	day := func(t time.Time) time.Time {
		t = t.In(office)
		return time.Date(t.Year(), t.Month(), t.Day(), 12, 0, 0, 0, time.UTC)
	}
	return int(day(then).Sub(day(now)).Hours() / 24)
}
