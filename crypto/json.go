package crypto

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// StrictJSON checks that data is exactly one JSON value that every reader
// understands in the same way: valid UTF-8, no member name twice in one object
// at any depth, no escape of half a surrogate pair, nothing behind it, and at
// most maxDepth arrays and objects inside each other. It returns a
// [*GateError]: [TokenPayload], [TokenDuplicateMember] or [TokenTooDeep].
func StrictJSON(data []byte, maxDepth int) error {
	if !utf8.Valid(data) {
		return gateError(TokenPayload)
	}
	// The depth is checked first: the scanner that knows all of the grammar
	// would follow any depth.
	if depth(data) > maxDepth {
		return gateError(TokenTooDeep)
	}
	if !json.Valid(data) {
		return gateError(TokenPayload)
	}
	return checkNames(data)
}

// depth returns how many arrays and objects are open at once in data, whether
// data is valid or not.
func depth(data []byte) (deepest int) {
	open := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '"':
			i = stringEnd(data, i) - 1
		case '{', '[':
			open++
			deepest = max(deepest, open)
		case '}', ']':
			open--
		}
	}
	return deepest
}

// stringEnd returns the offset behind the string that starts at the quote
// data[start], or len(data) when it does not end.
func stringEnd(data []byte, start int) int {
	i := start + 1
	for {
		n := bytes.IndexAny(data[i:], "\"\\")
		if n < 0 {
			return len(data)
		}
		i += n
		if data[i] == '"' {
			return i + 1
		}
		if i += 2; i > len(data) {
			return len(data)
		}
	}
}

// checkNames walks valid JSON and looks at its strings and member names.
func checkNames(data []byte) error {
	var open []map[string]struct{} // per open array or object the names so far; nil for an array
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{':
			open = append(open, map[string]struct{}{})
		case '[':
			open = append(open, nil)
		case '}', ']':
			open = open[:len(open)-1]
		case '"':
			end := stringEnd(data, i)
			text, err := unquote(data[i:end])
			if err != nil {
				return err
			}
			i = end - 1
			if !isName(data[end:]) {
				continue
			}
			names := open[len(open)-1]
			if _, twice := names[string(text)]; twice {
				return gateError(TokenDuplicateMember)
			}
			names[string(text)] = struct{}{}
		}
	}
	return nil
}

// isName reports whether a string that is followed by rest is a member name.
func isName(rest []byte) bool {
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return len(rest) > 0 && rest[0] == ':'
}

// unquote returns the text of a valid JSON string. Go reads half a surrogate
// pair as U+FFFD where others keep it or fail, so it is refused.
func unquote(quoted []byte) ([]byte, error) {
	if !bytes.ContainsRune(quoted, '\\') {
		return quoted[1 : len(quoted)-1], nil
	}
	var text string
	if err := json.Unmarshal(quoted, &text); err != nil || halfSurrogate(quoted) {
		return nil, gateError(TokenPayload)
	}
	return []byte(text), nil
}

// halfSurrogate reports whether a valid JSON string escapes a surrogate that is
// not one of a pair.
func halfSurrogate(quoted []byte) bool {
	high := false // the escape before was the first half of a pair
	for i := 0; i < len(quoted); {
		unit, size := rune(0), 1
		if quoted[i] == '\\' {
			size = 2
			if quoted[i+1] == 'u' {
				unit, size = hex4(quoted[i+2:]), 6
			}
		}
		switch low := 0xDC00 <= unit && unit < 0xE000; {
		case high != low:
			return true
		case low:
			high = false
		default:
			high = 0xD800 <= unit && unit < 0xDC00
		}
		i += size
	}
	return high
}

// hex4 reads four hexadecimal digits.
func hex4(digits []byte) (r rune) {
	for _, c := range digits[:4] {
		switch {
		case c >= 'a':
			c -= 'a' - 10
		case c >= 'A':
			c -= 'A' - 10
		default:
			c -= '0'
		}
		r = r<<4 | rune(c)
	}
	return r
}
