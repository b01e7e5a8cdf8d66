package audit

import (
	"time"

	"sluis/exchange"
)

// noticeTime is how long a passer may take before it tells who supplied what he
// passed on, where his own ledger is not there to say: his node may be down.
const noticeTime = 24 * time.Hour

// An onwardKey counts what one party passed on of one exchange.
type onwardKey struct {
	exchange [16]byte
	by       exchange.OIN
}

// checkNotices holds that everybody who supplied what was passed on was told, as
// far as bundles were given: a passer writes the notice in the commit in which he
// learns that the passing arrived.
func (c *comparison) checkNotices() {
	arrived := map[onwardKey][]*act{} // at the recipients
	for _, oin := range c.order {
		for i := range c.books[oin].acts {
			if a := &c.books[oin].acts[i]; a.kind == exchange.PassingReceived {
				key := onwardKey{a.exchange, oinOf(a.party)}
				arrived[key] = append(arrived[key], a)
			}
		}
	}
	for _, source := range c.order {
		s := c.books[source]
		for i := range s.acts {
			a := &s.acts[i]
			if a.kind != exchange.AnswerIssued {
				continue
			}
			for key, passings := range arrived {
				if key.exchange == a.exchange && key.by != source {
					c.checkNotice(s, key, passings)
				}
			}
		}
	}
}

func (c *comparison) checkNotice(s *book, key onwardKey, passings []*act) {
	passer, given := c.books[key.by]
	told, owed := 0, 0
	for _, a := range passings {
		if given {
			if _, proved := passer.claimed[a.digest]; proved {
				owed++
			}
		} else if a.at.Add(noticeTime).Before(s.Head.Made) {
			owed++
		}
	}
	if given {
		told = len(passer.sent[actKey{exchange.NoticeIssued, key.exchange, s.Head.OIN}])
	} else {
		told = len(s.sent[actKey{exchange.NoticeReceived, key.exchange, key.by}])
	}
	if told < owed {
		c.Findings.add(Finding{
			Code: Unnoticed, Party: key.by, Entry: -1, Kind: exchange.NoticeIssued, Exchange: uuidText(key.exchange), Other: s.Head.OIN, OtherEntry: -1,
			Detail: number(uint64(owed - told)),
		})
	}
}
