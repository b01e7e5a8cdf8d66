package console

import (
	"regexp"
	"strings"
)

// aLaw is one place in a law as the catalogues write it: 5.4.2(1), VIII, 5(2) AVG.
var aLaw = regexp.MustCompile(`^([IVX]+|[0-9][0-9a-z.]*)((?:\([0-9a-z]+\))*)(?: (.+))?$`)

// articleIn writes articles of the law out as lawyers do, the law with each. What
// it can't read stays as it is.
func articleIn(lang, text string) string {
	var all []string
	for one := range strings.SplitSeq(text, ", ") {
		m := aLaw.FindStringSubmatch(one)
		if m == nil {
			return text
		}
		law := m[3]
		switch {
		case law == "" && strings.Trim(m[1], "IVX") == "":
			law = "Wams" // the act that changes the other acts counts its articles so
		case law == "":
			law = "Wmo 2015"
		case law == "AVG" && lang == "en":
			law = "GDPR"
		}
		if lang == "en" {
			all = append(all, "article "+m[1]+m[2]+" "+law)
			continue
		}
		written := "artikel " + m[1]
		if m[2] != "" {
			parts := strings.Split(strings.Trim(m[2], "()"), ")(")
			var clauses []string
			for i, p := range parts {
				switch {
				case p >= "a":
					clauses = append(clauses, "onder "+p)
				case i > 0 && parts[i-1] < "a":
					clauses[len(clauses)-1] += " en " + p
				default:
					clauses = append(clauses, "lid "+p)
				}
			}
			written += ", " + strings.Join(clauses, ", ") + ","
		}
		all = append(all, written+" "+law)
	}
	return strings.Join(all, "; ")
}
