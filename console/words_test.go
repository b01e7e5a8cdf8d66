package console

import (
	"regexp"
	"strings"
	"testing"
)

// spoken finds the keys of words in templates: those that stand there as they are,
// and the beginnings of those that a template puts together.
var spoken = regexp.MustCompile(`[({]t (\(print )?"([a-z.-]+)"`)

// Every word that a page says stands in the catalogues, and every word of the
// catalogues is said somewhere.
func TestWordsAreComplete(t *testing.T) {
	words, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	said, begun := map[string]bool{}, map[string]bool{}
	files, err := pageFiles.ReadDir("pages")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := pageFiles.ReadFile("pages/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range spoken.FindAllStringSubmatch(string(text), -1) {
			if m[1] != "" {
				begun[m[2]] = true
				continue
			}
			said[m[2]] = true
			if _, ok := words[m[2]]; !ok {
				t.Errorf("%s says %s, which has no words", f.Name(), m[2])
			}
		}
	}
	if len(said) < 50 {
		t.Fatalf("found %d words in the pages; the search sees nothing", len(said))
	}
	for start := range begun {
		found := false
		for key := range words {
			found = found || strings.HasPrefix(key, start)
		}
		if !found {
			t.Errorf("no word begins with %s", start)
		}
	}
}

// The words are short and plain: no sentence of more than 25 words, and none of
// the words that only lawyers use.
func TestWordsArePlain(t *testing.T) {
	words, err := readWords()
	if err != nil {
		t.Fatal(err)
	}
	for key, s := range words {
		for _, sentence := range regexp.MustCompile(`[.!?] `).Split(s.NL, -1) {
			if n := len(strings.Fields(sentence)); n > 25 {
				t.Errorf("%s: a sentence of %d words", key, n)
			}
		}
		for _, hard := range []string{"conform", "inzake", "betrokkene", "verwerkingsverantwoordelijke", "doelbinding", "proportionaliteit"} {
			if strings.Contains(strings.ToLower(s.NL), hard) {
				t.Errorf("%s: %q is a lawyer's word", key, hard)
			}
		}
		if strings.Count(s.NL, "{") != strings.Count(s.EN, "{") {
			t.Errorf("%s: the languages fill in different things", key)
		}
	}
}

// Each class of Utrecht CSS that a page names exists in the sheet: a wrong name
// would be silent.
func TestClassesExist(t *testing.T) {
	var sheets strings.Builder
	for _, name := range []string{"components.css", "console.css", "theme.css"} {
		text, err := static.ReadFile("static/" + name)
		if err != nil {
			t.Fatal(err)
		}
		sheets.Write(text)
	}
	files, err := pageFiles.ReadDir("pages")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, f := range files {
		text, err := pageFiles.ReadFile("pages/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, class := range regexp.MustCompile(`(utrecht|sluis)-[a-zA-Z0-9_-]*[a-z0-9]`).FindAllString(string(text), -1) {
			seen++
			if !strings.Contains(sheets.String(), "."+class) {
				t.Errorf("%s uses %s, which no sheet has", f.Name(), class)
			}
		}
		for _, bad := range []string{" style=", "<script>", "onclick", "http://", "https://"} {
			if strings.Contains(string(text), bad) {
				t.Errorf("%s holds %q", f.Name(), bad)
			}
		}
	}
	if seen < 100 {
		t.Fatalf("found %d classes; the search sees nothing", seen)
	}
}

// The first load of a page stays under 150 kB: sheets and script together.
func TestFirstLoadIsSmall(t *testing.T) {
	total := 0
	for _, name := range []string{"components.css", "console.css", "theme.css", "console.js"} {
		text, err := static.ReadFile("static/" + name)
		if err != nil {
			t.Fatal(err)
		}
		total += len(text)
	}
	const bound, page = 150 << 10, 40 << 10
	if total+page > bound {
		t.Errorf("%d bytes beside the page itself", total)
	}
}

// A part has one meaning: a second one of the same name would silently take the
// place of the first.
func TestPartsHaveOneName(t *testing.T) {
	seen := map[string]string{}
	for _, name := range shared {
		text, err := pageFiles.ReadFile("pages/" + name + ".html")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`{{define "([^"]+)"}}`).FindAllStringSubmatch(string(text), -1) {
			if seen[m[1]] != "" {
				t.Errorf("%s stands in %s and in %s", m[1], seen[m[1]], name)
			}
			seen[m[1]] = name
		}
	}
	if len(seen) < 10 {
		t.Fatalf("found %d parts; the search sees nothing", len(seen))
	}
	files, err := pageFiles.ReadDir("pages")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := pageFiles.ReadFile("pages/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`{{define "([^"]+)"}}`).FindAllStringSubmatch(string(text), -1) {
			if in, ok := seen[m[1]]; ok && in+".html" != f.Name() {
				t.Errorf("%s of %s stands in %s as well", m[1], in, f.Name())
			}
		}
	}
}
