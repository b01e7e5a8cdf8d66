package observe

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// told lists the names of all figures, those of the process and of Go as well.
func told(t *testing.T) (names []string) {
	t.Helper()
	i, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, end := i.Observe(t.Context(), "page", nil)
	end("GET /", "200")
	families, err := i.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		names = append(names, f.GetName())
	}
	for _, f := range slices.Concat(all, ofRelay) {
		names = append(names, f.name)
	}
	return names
}

var figureName = regexp.MustCompile(`\b(?:sluis|go|process)_[a-z_]+`)

// unknown lists the figures in a text that there are not.
func unknown(names []string, text string) (wrong []string, found int) {
	for _, name := range figureName.FindAllString(text, -1) {
		found++
		base := name
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			base = strings.TrimSuffix(base, part)
		}
		if !slices.Contains(names, name) && !slices.Contains(names, base) {
			wrong = append(wrong, name)
		}
	}
	return wrong, found
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The document names every figure of ours, and none that there is not.
func TestDocumentNamesEveryFigure(t *testing.T) {
	text, names := read(t, "../docs/observe.md"), told(t)
	for _, name := range names {
		if strings.HasPrefix(name, "sluis_") && !strings.Contains(text, "`"+name+"`") && !strings.Contains(text, "`"+name+"{") {
			t.Errorf("docs/observe.md does not tell what %s is", name)
		}
	}
	if wrong, _ := unknown(names, text); len(wrong) > 0 {
		t.Errorf("docs/observe.md names %v, which there is not", wrong)
	}
}

// Every panel of the dashboard asks for figures that there are, and every figure
// that an administrator needs is on it.
func TestDashboardAsksForWhatThereIs(t *testing.T) {
	var board struct {
		Panels []struct {
			ID      int
			Title   string
			Targets []struct{ Expr string }
			GridPos struct{ X, Y, W, H int }
		}
	}
	text, names := read(t, "../docs/observe/grafana.json"), told(t)
	if err := json.Unmarshal([]byte(text), &board); err != nil {
		t.Fatal(err)
	}
	if len(board.Panels) < 10 {
		t.Errorf("%d panels", len(board.Panels))
	}
	for i, p := range board.Panels {
		if p.ID != i+1 || p.Title == "" || len(p.Targets) == 0 || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %d is not one", i+1)
		}
		for _, target := range p.Targets {
			checkExpression(t, names, target.Expr)
		}
	}
	rules := read(t, "../docs/observe/alerts.yml")
	for _, f := range all {
		if !strings.Contains(text, f.name) && !strings.Contains(rules, f.name) {
			t.Errorf("%s is on no panel and in no alert", f.name)
		}
	}
}

func checkExpression(t *testing.T, names []string, expr string) {
	t.Helper()
	wrong, found := unknown(names, expr)
	if len(wrong) > 0 || found == 0 && !strings.HasPrefix(expr, "up{") {
		t.Errorf("%q asks for %v and %d figures that there are", expr, wrong, found)
	}
	for _, pair := range []string{"()", "{}", "[]"} {
		if strings.Count(expr, pair[:1]) != strings.Count(expr, pair[1:]) {
			t.Errorf("%q has %s that do not match", expr, pair)
		}
	}
	for _, m := range regexp.MustCompile(`\bstep(=~?)"([^"]*)"`).FindAllStringSubmatch(expr, -1) {
		for step := range strings.SplitSeq(m[2], "|") {
			if !slices.Contains([]string{"api", "page", "send", "receive", "commit"}, step) {
				t.Errorf("%q asks for step %q", expr, step)
			}
		}
	}
}

var rule = regexp.MustCompile(`^      - alert: (\w+)
        expr: '([^\n]+)'
        for: \d+[mh]
        labels:
          severity: (?:warning|critical)
        annotations:
          summary: "[^\n]+"
          description: "[^\n]+"
`)

// Every alert is about figures that there are, and the document tells what to do.
func TestAlertsAskForWhatThereIs(t *testing.T) {
	text, document, names := read(t, "../docs/observe/alerts.yml"), read(t, "../docs/observe.md"), told(t)
	_, rest, ok := strings.Cut(text, "groups:\n  - name: sluis\n    rules:\n")
	if !ok {
		t.Fatal("alerts.yml does not begin as it should")
	}
	count := 0
	for ; rest != ""; count++ {
		m := rule.FindStringSubmatch(rest)
		if m == nil {
			t.Fatalf("no rule stands at %.80q", rest)
		}
		rest = rest[len(m[0]):]
		checkExpression(t, names, m[2])
		row := "| `" + m[1] + "` | `" + strings.ReplaceAll(m[2], "|", `\|`) + "` |"
		if !strings.Contains(document, row) {
			t.Errorf("docs/observe.md lacks the row %s", row)
		}
	}
	if count < 10 {
		t.Errorf("%d alerts", count)
	}
}

// The rules say something when they should, and nothing of a node that is well.
func TestAlertsFire(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool (Debian: prometheus) is not installed")
	}
	for _, args := range [][]string{{"check", "rules", "../docs/observe/alerts.yml"}, {"test", "rules", "testdata/alerts.yml"}} {
		if out, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// A figure that is gone would be noticed.
func TestUnknownFiguresAreFound(t *testing.T) {
	wrong, found := unknown(told(t), `rate(sluis_step_seconds_bucket[5m]) + sluis_nothing + go_goroutines`)
	if len(wrong) != 1 || found != 3 {
		t.Errorf("found %d, wrong %v", found, wrong)
	}
}
