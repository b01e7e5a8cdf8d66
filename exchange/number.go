package exchange

import "strings"

// A citizen service number goes only to who may process it (I6), and in free
// text nobody sees that it leaves. So texts for a party that may not have it are
// read for nine digits that pass the eleven-test. That a number of another kind
// passes it as well happens once in eleven; who wrote it can leave it out.

// holdsBSN reports whether a text holds a citizen service number, also one that
// is written with spaces, dots or hyphens between its digits.
func (p Personal) holdsBSN() bool {
	var groups []string // digits with one such sign between them
	for rest := p.Reveal(); rest != ""; {
		n := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		if n > 0 {
			if groups = append(groups, rest[:n]); endsInBSN(groups) {
				return true
			}
			rest = rest[n:]
			continue
		}
		sign := strings.IndexAny(rest, "0123456789")
		if sign < 0 {
			return false
		}
		switch rest[:sign] {
		case " ", ".", "-", "\u00a0", "\n":
		default:
			groups = nil
		}
		rest = rest[sign:]
	}
	return false
}

// endsInBSN reports whether the last of the groups make a number together.
func endsInBSN(groups []string) bool {
	digits := ""
	for i := len(groups) - 1; i >= 0 && len(digits) < 9; i-- {
		digits = groups[i] + digits
	}
	_, err := ParseBSN(digits)
	return err == nil
}

// mayHaveBSN reports whether both may process the citizen service number.
func (p Pair) mayHaveBSN() bool { return p.Asker.MayProcessBSN && p.Asked.MayProcessBSN }

// checkNumbers holds that no text of a request brings a citizen service number
// to a party that may not process it.
func (r Request) checkNumbers(between Pair) error {
	if between.mayHaveBSN() {
		return nil
	}
	texts := []struct {
		field string
		text  Personal
	}{
		{"specific", r.Specific}, {"contact", r.Contact}, {"involvement", r.Involvement.Why}, {"subject", r.Subject.Name}, {"subject", r.Subject.Address},
	}
	for _, t := range texts {
		if t.text.holdsBSN() {
			return refuse(BSNNotAllowed, "field", t.field, "article", "5.4.2(5)")
		}
	}
	if numberStated(r.Statements) {
		return refuse(BSNNotAllowed, "field", "statements", "article", "5.4.2(5)")
	}
	for _, i := range r.Items {
		if i.Why.holdsBSN() || numberStated(i.Statements) {
			return refuse(BSNNotAllowed, "item", string(i.Item), "article", "5.4.2(5)")
		}
	}
	return nil
}

func numberStated(all []Statement) bool {
	for _, s := range all {
		if s.Text.holdsBSN() {
			return true
		}
	}
	return false
}

// checkNumber holds one text that goes to the other party.
func (x Exchange) checkNumber(text Personal, params ...string) error {
	if !x.ByNumber && text.holdsBSN() {
		return refuse(BSNNotAllowed, append(params, "article", "5.4.2(5)")...)
	}
	return nil
}

// checkNumbers holds what of a decision goes to the asker.
func (x Exchange) checkNumbers(d Decision) error {
	for _, i := range d.Items {
		for _, text := range []Personal{i.Value, i.Tell} {
			if err := x.checkNumber(text, "item", string(i.Item)); err != nil {
				return err
			}
		}
	}
	return nil
}

// CheckNumber holds a text that goes to a capacity, or came to it, to what the
// capacity may process (I6).
func CheckNumber(to Capacity, text Personal, params ...string) error {
	if !to.MayProcessBSN && text.holdsBSN() {
		return refuse(BSNNotAllowed, append(params, "article", "5.4.2(5)")...)
	}
	return nil
}
