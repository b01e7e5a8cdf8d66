package ledger

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// entryVersion is the first line of every entry.
const entryVersion = "sluis-entry/1"

// None is what stands in a text field of a header that has nothing to say.
const None = "-"

// A Header is the part of an entry that everyone may read. It holds no personal
// data, and its fields are too narrow to hold any by accident: codes, numbers
// of organisations, random identifiers, digests.
//
// As text it is the version line, one line "name value" per field in the order
// of this struct, and an empty line:
//
//	sluis-entry/1
//	index 41
//	time 2026-11-23T15:47:50.120Z
//	kind decision
//	exchange 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857
//	party 00000099000000001000:municipality
//	as 00000099000000002000:youth-care
//	purpose investigation
//	message 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
//	private uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek=
//	key 01938f2e-7c1a-7b3e-9d5a-0c1b2a394857
//
// A header has exactly one text form.
//
// Rules for changing an entry header:
//
//   - A published line keeps its name, place and meaning for ever.
//   - A new line goes last and has a default for entries without it.
//   - If a vector of docs/protocol/30-ledger.md fails, the change is wrong,
//     not the vector.
//   - The version line changes only when old verifiers must refuse.
type Header struct {
	Index    uint64    // number of the entry in its ledger, from 0
	Time     time.Time // UTC, whole milliseconds; never lower than that of the entry before
	Kind     string    // code of what happened
	Exchange string    // UUID in lower case, or None
	Party    string    // counterparty as "OIN:capacity", or None
	As       string    // own capacity as "OIN:capacity", or None
	Purpose  string    // code of the purpose, or None
	Message  Digest    // of the message that came or went; zero if none did
	Private  Digest    // of the private part as it stands in the entry, empty or not
	Key      string    // name of the record key of the dossier: a UUID or a code, or None
}

// timeLayout is RFC 3339 in UTC with exactly three decimals.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Append appends the text form of the header to b. It fails on a header that
// has no text form.
func (h Header) Append(b []byte) ([]byte, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	b = append(b, entryVersion+"\nindex "...)
	b = strconv.AppendUint(b, h.Index, 10)
	b = append(b, "\ntime "...)
	b = h.Time.AppendFormat(b, timeLayout)
	b = append(b, "\nkind "...)
	b = append(b, h.Kind...)
	b = append(b, "\nexchange "...)
	b = append(b, h.Exchange...)
	b = append(b, "\nparty "...)
	b = append(b, h.Party...)
	b = append(b, "\nas "...)
	b = append(b, h.As...)
	b = append(b, "\npurpose "...)
	b = append(b, h.Purpose...)
	b = append(b, "\nmessage "...)
	b = append(b, h.Message.String()...)
	b = append(b, "\nprivate "...)
	b = append(b, h.Private.String()...)
	b = append(b, "\nkey "...)
	b = append(b, h.Key...)
	return append(b, "\n\n"...), nil
}

// Bound returns what the private part of an entry is bound to when it is
// encrypted (associated data): the text form without the lines index, time and
// private, which are not known at that moment, and without the empty line. So a
// private part can't be moved to an entry that says something else.
func (h Header) Bound() []byte {
	return []byte(entryVersion + "\nkind " + h.Kind + "\nexchange " + h.Exchange + "\nparty " + h.Party + "\nas " + h.As +
		"\npurpose " + h.Purpose + "\nmessage " + h.Message.String() + "\nkey " + h.Key + "\n")
}

// check reports what keeps the header from having a text form. It names the
// field, never its value.
func (h Header) check() error {
	_, offset := h.Time.Zone()
	switch {
	case h.Index >= MaxSize:
		return errors.New("entry header: index is too high")
	case offset != 0 || h.Time.Year() < 2000 || h.Time.Year() > 9999:
		return errors.New("entry header: time must be in UTC and between the years 2000 and 9999")
	case h.Time.Nanosecond()%int(time.Millisecond) != 0:
		return errors.New("entry header: time must be in whole milliseconds")
	case !isCode(h.Kind):
		return errors.New("entry header: kind must be a code")
	case h.Exchange != None && !isUUID(h.Exchange):
		return errors.New("entry header: exchange must be a UUID or -")
	case h.Party != None && !isParty(h.Party):
		return errors.New("entry header: party must be OIN:capacity or -")
	case h.As != None && !isParty(h.As):
		return errors.New("entry header: as must be OIN:capacity or -")
	case h.Purpose != None && !isCode(h.Purpose):
		return errors.New("entry header: purpose must be a code or -")
	case h.Private.IsZero():
		return errors.New("entry header: private must be a digest")
	case h.Key != None && !isUUID(h.Key) && !isCode(h.Key):
		return errors.New("entry header: key must be a UUID, a code or -")
	}
	return nil
}

// ParseHeader reads a header and nothing else. It accepts exactly what Append
// writes: each value below has one form, so the whole has one form.
func ParseHeader(data []byte) (Header, error) {
	if len(data) > MaxHeader {
		return Header{}, errors.New("entry header: too long")
	}
	rest, ok := strings.CutPrefix(string(data), entryVersion+"\n")
	if !ok {
		return Header{}, errors.New("entry header: does not start with " + entryVersion)
	}
	var values [len(fieldNames)]string
	for i, name := range fieldNames {
		line, after, _ := strings.Cut(rest, "\n")
		value, ok := strings.CutPrefix(line, name)
		if !ok {
			return Header{}, fmt.Errorf("entry header: line %q is missing or in the wrong place", name)
		}
		values[i], rest = value, after
	}
	if rest != "\n" {
		return Header{}, errors.New("entry header: must end with an empty line after its last field")
	}
	h := Header{Kind: values[2], Exchange: values[3], Party: values[4], As: values[5], Purpose: values[6], Key: values[9]}
	var err [4]error
	h.Index, err[0] = parseDecimal(values[0])
	h.Time, err[1] = parseTime(values[1])
	h.Message, err[2] = ParseDigest(values[7])
	h.Private, err[3] = ParseDigest(values[8])
	for _, err := range err {
		if err != nil {
			return Header{}, fmt.Errorf("entry header: %w", err)
		}
	}
	if err := h.check(); err != nil {
		return Header{}, err
	}
	return h, nil
}

// fieldNames are the beginnings of the lines of a header, in order.
var fieldNames = [...]string{
	"index ", "time ", "kind ", "exchange ", "party ", "as ", "purpose ", "message ", "private ", "key ",
}

// parseDecimal reads a number below 2^63 without sign or leading zeroes.
func parseDecimal(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil || (s[0] == '0' && len(s) > 1) {
		return 0, errors.New("a number must be decimal without leading zeroes")
	}
	return n, nil
}

// parseTime reads exactly what timeLayout writes for a time in UTC. The package
// time would also take other forms, such as a comma before the decimals.
func parseTime(s string) (time.Time, error) {
	malformed := errors.New("a time must be like " + timeLayout)
	if len(s) != len(timeLayout) {
		return time.Time{}, malformed
	}
	var n [7]int // year, month, day, hour, minute, second, millisecond
	field := 0
	for i := range len(s) {
		switch c, model := s[i], timeLayout[i]; {
		case '0' <= model && model <= '9':
			if c < '0' || c > '9' {
				return time.Time{}, malformed
			}
			n[field] = n[field]*10 + int(c-'0')
		case c != model:
			return time.Time{}, malformed
		default:
			field++
		}
	}
	t := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], n[6]*int(time.Millisecond), time.UTC)
	// Date takes the 31st of February for a day in March.
	if t.Month() != time.Month(n[1]) || t.Day() != n[2] || t.Hour() != n[3] || t.Minute() != n[4] || t.Second() != n[5] {
		return time.Time{}, malformed
	}
	return t, nil
}

// isCode reports whether s is a code as in the catalogues: lower case letters,
// digits, "-", "." and "/", starting with a letter, so that no number of a
// person is a code.
func isCode(s string) bool {
	if s == "" || len(s) > MaxCode || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '.', c == '/':
		default:
			return false
		}
	}
	return true
}

// isParty reports whether s is an OIN of twenty digits, a colon and a code.
func isParty(s string) bool {
	oin, capacity, ok := strings.Cut(s, ":")
	return ok && len(oin) == 20 && strings.Trim(oin, "0123456789") == "" && isCode(capacity)
}

// isUUID reports whether s is a UUID in its lower case text form (RFC 9562).
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f':
		default:
			return false
		}
	}
	return true
}
