// Sluis style makes the style sheets that the console borrows: the components of
// Utrecht CSS and the tokens of the Voorbeeld theme, both EUPL-1.2, without what
// no page uses. Its argument is a folder with the npm packages unpacked:
//
//	npm pack @utrecht/component-library-css@9.0.4
//	npm pack @nl-design-system-unstable/voorbeeld-design-tokens@7.4.1
//	go run ./scripts/style <folder>
//
// It writes components.css, theme.css and NOTICE.txt in console/static. Run it
// again after console.css or the list of classes changes.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	static     = "console/static"
	components = "@utrecht/component-library-css"
	tokens     = "@nl-design-system-unstable/voorbeeld-design-tokens"
)

// versions are the packages that may be taken. Both are EUPL-1.2; the tokens of
// the municipality of Utrecht and of the Rijkshuisstijl are not free and are never
// taken.
var versions = map[string]string{components: "9.0.4", tokens: "7.4.1"}

// kept lists the classes that pages may use. A rule stays when every class of its
// selector is here.
var kept = strings.Fields(`
utrecht-document
utrecht-heading-1 utrecht-heading-2 utrecht-heading-3 utrecht-heading-4
utrecht-paragraph utrecht-paragraph--lead utrecht-paragraph--small
utrecht-link utrecht-link--html-a utrecht-link--telephone
utrecht-skip-link utrecht-skip-link--visible-on-focus
utrecht-unordered-list utrecht-unordered-list__item utrecht-ordered-list utrecht-ordered-list__item
utrecht-button utrecht-button--primary-action utrecht-button--secondary-action utrecht-button--subtle utrecht-button--danger utrecht-button--submit
utrecht-button-group
utrecht-form-field utrecht-form-field--checkbox utrecht-form-field--radio utrecht-form-field--invalid
utrecht-form-field__label utrecht-form-field__input utrecht-form-field__description utrecht-form-field__error-message
utrecht-form-field-description utrecht-form-field-description--invalid utrecht-form-field-error-message
utrecht-form-label utrecht-form-label--checkbox utrecht-form-label--radio
utrecht-form-fieldset utrecht-form-fieldset--invalid utrecht-form-fieldset--html-fieldset utrecht-form-fieldset__fieldset--html-fieldset
utrecht-form-fieldset__legend utrecht-form-fieldset__legend--html-legend
utrecht-textbox utrecht-textbox--html-input utrecht-textbox--invalid utrecht-textbox--numeric
utrecht-textarea utrecht-textarea--html-textarea utrecht-textarea--invalid
utrecht-radio-button utrecht-radio-button--html-input
utrecht-checkbox utrecht-checkbox--html-input
utrecht-select utrecht-select--html-select utrecht-select--invalid
utrecht-code utrecht-separator
`)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./scripts/style <folder with the unpacked npm packages>")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "style:", err)
		os.Exit(1)
	}
}

func run(dir string) error {
	found, err := packages(dir)
	if err != nil {
		return err
	}
	source, err := os.ReadFile(filepath.Join(found[components], "dist", "index.css"))
	if err != nil {
		return err
	}
	theme, err := os.ReadFile(filepath.Join(found[tokens], "dist", "theme.css"))
	if err != nil {
		return err
	}
	licence, err := os.ReadFile(filepath.Join(found[components], "LICENSE.md"))
	if err != nil {
		return err
	}
	own, err := os.ReadFile(filepath.Join(static, "console.css"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}

	head := "/*!\n * @license EUPL-1.2\n" + " * %s %s, shortened for Sluis; see NOTICE.txt\n%s */\n"
	holders := copyright(string(source))
	parts := fmt.Sprintf(head, components, versions[components], " * "+strings.Join(holders, "\n * ")+"\n") + prune(bare(string(source)))
	values, order, err := theTokens(string(theme))
	if err != nil {
		return err
	}
	parts = resolve(parts, values, parts+string(own))
	pruned := reachable(values, order, parts+string(own))
	pruned = fmt.Sprintf(head, tokens, versions[tokens], " * Copyright (c) 2021 NL Design System Community\n") + pruned

	notice := "The console contains parts of:\n\n" +
		components + " " + versions[components] + "\n  in components.css, shortened, licensed under the EUPL-1.2\n  " + strings.Join(holders, "\n  ") + "\n\n" +
		tokens + " " + versions[tokens] + "\n  in theme.css, shortened, licensed under the EUPL-1.2\n  Copyright (c) 2021 NL Design System Community\n\n" +
		"Source: https://github.com/nl-design-system and the npm registry, under the names and versions above.\n\n" + string(licence)
	for name, text := range map[string]string{"components.css": parts, "theme.css": pruned, "NOTICE.txt": notice} {
		if err := os.WriteFile(filepath.Join(static, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// packages finds where under dir each package that may be taken lies.
func packages(dir string) (map[string]string, error) {
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "package.json" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var p struct{ Name, Version, License string }
		if json.Unmarshal(text, &p) == nil && versions[p.Name] != "" && versions[p.Name] == p.Version {
			found[p.Name] = filepath.Dir(path)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for name, version := range versions {
		if found[name] == "" {
			return nil, fmt.Errorf("%s %s is not under %s", name, version, dir)
		}
	}
	return found, nil
}

var comment = regexp.MustCompile(`(?s)/\*.*?\*/`)

func bare(css string) string { return comment.ReplaceAllString(css, "") }

func copyright(css string) []string {
	holders := regexp.MustCompile(`Copyright \(c\)[^\n]*`).FindAllString(css, -1)
	slices.Sort(holders)
	return slices.Compact(holders)
}

var (
	class  = regexp.MustCompile(`\.([a-zA-Z_][\w-]*)`)
	spaces = regexp.MustCompile(`\s+`)
	around = regexp.MustCompile(`\s*([{};,>])\s*`)
)

// prune keeps the rules whose selectors have only classes that are kept, one rule
// to a line.
func prune(css string) string {
	var out strings.Builder
	for css = strings.TrimSpace(css); css != ""; css = strings.TrimSpace(css) {
		brace, semicolon := strings.IndexByte(css, '{'), strings.IndexByte(css, ';')
		if brace < 0 || semicolon >= 0 && semicolon < brace {
			css = css[semicolon+1:] // a statement, such as @charset
			continue
		}
		prelude, end := strings.TrimSpace(css[:brace]), closing(css, brace)
		body := css[brace+1 : end]
		css = css[end+1:]
		switch {
		case strings.HasPrefix(prelude, "@media"), strings.HasPrefix(prelude, "@supports"):
			if strings.Contains(prelude, "-ms-high-contrast: active)") && !strings.Contains(prelude, "forced-colors") {
				continue
			}
			if inner := prune(body); inner != "" {
				out.WriteString(spaces.ReplaceAllString(prelude, " ") + "{\n" + inner + "}\n")
			}
		case strings.HasPrefix(prelude, "@"):
		default:
			selectors := slices.DeleteFunc(commas(prelude), func(s string) bool {
				classes := class.FindAllStringSubmatch(s, -1)
				return len(classes) == 0 || slices.ContainsFunc(classes, func(c []string) bool { return !slices.Contains(kept, c[1]) })
			})
			body = strings.TrimSuffix(strings.TrimSpace(small(body)), ";")
			if len(selectors) > 0 && body != "" {
				out.WriteString(small(strings.Join(selectors, ",")) + "{" + body + "}\n")
			}
		}
	}
	return out.String()
}

func small(s string) string {
	s = around.ReplaceAllString(spaces.ReplaceAllString(s, " "), "$1")
	return strings.NewReplacer(": ", ":", "( ", "(", " )", ")").Replace(s)
}

// closing is where the brace at open closes.
func closing(css string, open int) int {
	depth := 0
	for i := open; i < len(css); i++ {
		switch css[i] {
		case '"', '\'':
			if end := strings.IndexByte(css[i+1:], css[i]); end >= 0 {
				i += end + 1
			}
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(css) - 1
}

// commas splits a selector list at its own commas, not at those of :is().
func commas(list string) []string {
	var parts []string
	depth, start := 0, 0
	for i, r := range list {
		switch r {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case ',':
			if depth == 0 {
				parts, start = append(parts, strings.TrimSpace(list[start:i])), i+1
			}
		}
	}
	return append(parts, strings.TrimSpace(list[start:]))
}

var (
	declaration = regexp.MustCompile(`(?m)^\s*(--[\w-]+):\s*(.*?);\s*$`)
	set         = regexp.MustCompile(`(--[\w-]+)\s*:`)
	use         = regexp.MustCompile(`var\(\s*(--[\w-]+)`)
	one         = regexp.MustCompile(`[\w-]+:[^;{}]*\x00[^;{}]*;?`)
	nothing     = regexp.MustCompile(`calc\(0 \* [^()]*(\([^()]*\)[^()]*)?\)`)
	hollow      = regexp.MustCompile(`(?m)^[^\n{}]*\{\}\n`)
)

func theTokens(theme string) (map[string]string, []string, error) {
	values := map[string]string{}
	var order []string
	for _, m := range declaration.FindAllStringSubmatch(bare(theme), -1) {
		if _, twice := values[m[1]]; !twice {
			order = append(order, m[1])
		}
		values[m[1]] = m[2]
	}
	if len(order) < 1000 {
		return nil, nil, fmt.Errorf("the theme has %d tokens; is it the right file?", len(order))
	}
	return values, order, nil
}

// resolve puts the theme's value in the place of each token of a component, and
// the fallback in the place of a token that nobody sets. What is left to set, for
// an organisation with colours of its own, are the basis tokens and the palette.
func resolve(css string, values map[string]string, all string) string {
	local := map[string]bool{}
	for _, m := range set.FindAllStringSubmatch(all, -1) {
		local[m[1]] = true
	}
	var walk func(string) string
	walk = func(s string) string {
		var out strings.Builder
		for {
			at := strings.Index(s, "var(")
			if at < 0 {
				return out.String() + s
			}
			out.WriteString(s[:at])
			end := parenthesis(s, at+3)
			name, fallback, has := strings.Cut(s[at+4:end], ",")
			name = strings.TrimSpace(name)
			value, known := values[name]
			switch {
			case local[name] && has:
				out.WriteString("var(" + name + "," + walk(strings.TrimSpace(fallback)) + ")")
			case local[name] || known && !strings.HasPrefix(name, "--utrecht-"):
				out.WriteString("var(" + name + ")")
			case known:
				out.WriteString(walk(value))
			case has:
				out.WriteString(walk(strings.TrimSpace(fallback)))
			default:
				out.WriteString("\x00") // nothing to put here: the declaration says nothing
			}
			s = s[end+1:]
		}
	}
	lines := strings.Split(css, "\n")
	for i, line := range lines {
		lines[i] = nothing.ReplaceAllString(one.ReplaceAllString(walk(line), ""), "0")
	}
	return hollow.ReplaceAllString(strings.ReplaceAll(strings.Join(lines, "\n"), ";}", "}"), "")
}

// parenthesis is where the parenthesis at open closes.
func parenthesis(s string, open int) int {
	depth := 0
	for i := open; i < len(s); i++ {
		switch s[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(s) - 1
}

// reachable keeps the tokens that css uses, and the tokens that those use.
func reachable(values map[string]string, order []string, css string) string {
	needed := map[string]bool{}
	var need func(string)
	need = func(text string) {
		for _, m := range use.FindAllStringSubmatch(text, -1) {
			if value, ok := values[m[1]]; ok && !needed[m[1]] {
				needed[m[1]] = true
				need(value)
			}
		}
	}
	need(css)
	var out strings.Builder
	out.WriteString(".voorbeeld-theme{\n")
	for _, name := range order {
		if needed[name] {
			out.WriteString(name + ":" + values[name] + ";\n")
		}
	}
	out.WriteString("}\n")
	return out.String()
}
