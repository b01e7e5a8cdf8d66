package logboek

import (
	"fmt"
	"net/textproto"
	"os"
	"strings"
)

// readHeaders reads the headers that the collector wants, such as a token: a
// line "Name: value" each; empty lines and lines that start with # count for
// nothing. They stand in a file of their own since they are secrets; it must be
// the account's alone. Errors name the line, never what is on it.
func readHeaders(path string) (map[string]string, error) {
	headers := map[string]string{}
	if path == "" {
		return headers, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("logboek.headers_file: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("logboek.headers_file: others can read it; chmod 600")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("logboek.headers_file: %w", err)
	}
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		if !ok || !isHeader(name) || value == "" || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			return nil, fmt.Errorf("logboek.headers_file, line %d: want Name: value", i+1)
		}
		name = textproto.CanonicalMIMEHeaderKey(name)
		if _, twice := headers[name]; twice {
			return nil, fmt.Errorf("logboek.headers_file, line %d: this header was there already", i+1)
		}
		headers[name] = value
	}
	return headers, nil
}

func isHeader(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r != '-' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
}
