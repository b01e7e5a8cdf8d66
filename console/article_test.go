package console

import (
	"os"
	"regexp"
	"testing"
	"time"

	"sluis/exchange"
)

// Every article that the catalogues name is written out, and none has brackets left.
func TestArticlesAreWrittenOut(t *testing.T) {
	for text, want := range map[string]string{
		"5.4.2(1)": "artikel 5.4.2, lid 1, Wmo 2015", "15(4) AVG": "artikel 15, lid 4, AVG", "5.4.4(4)(5)": "artikel 5.4.4, lid 4 en 5, Wmo 2015",
		"17(3)(b) AVG": "artikel 17, lid 3, onder b, AVG", "VIII, 2.3a.3(4), 2.3a.6": "artikel VIII Wams; artikel 2.3a.3, lid 4, Wmo 2015; artikel 2.3a.6 Wmo 2015", "niet bekend": "niet bekend",
	} {
		if got := articleIn("nl", text); got != want {
			t.Errorf("%s becomes %q, want %q", text, got, want)
		}
	}
	if got := articleIn("en", "15(4) AVG"); got != "article 15(4) GDPR" {
		t.Errorf("in English %q", got)
	}
	n := 0
	check := func(text string) {
		if n++; regexp.MustCompile(`[()]`).MatchString(articleIn("nl", text)) || text == "" || articleIn("nl", text) == text {
			t.Errorf("%q is not written out: %q", text, articleIn("nl", text))
		}
	}
	check(exchange.Petitioned.Article)
	check(exchange.Supplied.Article)
	const catalogues = "../schemas/catalogues/"
	files, err := os.ReadDir(catalogues)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(catalogues + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"article": *"([^"]+)"`).FindAllStringSubmatch(string(raw), -1) {
			check(m[1])
		}
	}
	if n < 50 {
		t.Fatalf("found %d articles; the search sees nothing", n)
	}
}

// A day of birth is written as people do; what is none stays.
func TestBorn(t *testing.T) {
	for text, want := range map[string]string{"1987-03-14": "14 maart 1987", "rond 1987": "rond 1987", "1987-02-31": "1987-02-31", "": ""} {
		if got := bornIn("nl", exchange.Hide(text)); got != want {
			t.Errorf("%q becomes %q, want %q", text, got, want)
		}
	}
	if got := shortDayIn("nl", time.Date(2026, time.March, 14, 12, 0, 0, 0, time.UTC)); got != "14 mrt" {
		t.Errorf("a day in March is %q", got)
	}
}
