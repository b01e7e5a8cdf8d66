package console

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"time"

	"sluis/exchange"
	"sluis/ledger/audit"
)

// A bundle is read as it comes in and held nowhere: what bounds it is the time
// that it takes. What is larger is for sluis audit verify.
const (
	maxBundle = 256 << 20
	// maxUpload is read to its end, so that a browser that sends too much gets the
	// page that says so.
	maxUpload   = 4 * maxBundle
	maxKeyFile  = 64 << 10
	maxRootFile = 1 << 20
	uploadTime  = 15 * time.Minute
)

// uploadPattern is the one page that takes more than a form.
const uploadPattern = "POST /toezicht"

// drawAudit is the map for the auditor (toezichthouder).
func (c *Console) drawAudit() {
	auditor := []exchange.Role{exchange.Auditor}
	c.page("GET /toezicht", auditor, bundlePage)
	c.page(uploadPattern, auditor, checkBundle)
}

// A bundleForm is the page on which a bundle is handed in.
type bundleForm struct {
	form
	MiB int
}

func bundlePage(v *visit) error { return v.showBundleForm(form{}) }

func (v *visit) showBundleForm(f form) error {
	return v.show("audit", v.word("audit.title"), bundleForm{f, maxBundle >> 20})
}

// checkBundle verifies a bundle while it comes in and shows what was found, in
// the answer itself: nothing is kept to go back to.
func checkBundle(v *visit) error {
	// More time than a page needs. A server that can't give it keeps its own.
	wire := http.NewResponseController(v.w)
	for _, set := range []func(time.Time) error{wire.SetReadDeadline, wire.SetWriteDeadline} {
		if err := set(time.Now().Add(uploadTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return err
		}
	}
	var f form
	d, err := v.verdict(&f)
	if err != nil {
		return err
	}
	// A browser reads the answer when it has sent everything.
	if _, err := io.Copy(io.Discard, v.r.Body); err != nil {
		return errTooLong
	}
	if len(f.Mistakes) > 0 {
		return v.showBundleForm(f)
	}
	return v.show("audit-verdict", v.word("audit.verdict"), d)
}

// verdict reads the parts of the form in their order: the key, the root, and the
// bundle, which is verified as it comes.
func (v *visit) verdict(f *form) (*verdict, error) {
	parts, err := v.r.MultipartReader()
	if err != nil {
		f.wrong("sleutel", v.word("audit.key.missing"))
		return nil, nil
	}
	var key, root []byte
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			f.wrong("bundel", v.word("audit.bundle.missing"))
			return nil, nil
		case err != nil:
			return nil, errTooLong
		}
		switch part.FormName() {
		case "sleutel":
			key, err = io.ReadAll(io.LimitReader(part, maxKeyFile+1))
		case "wortel":
			root, err = io.ReadAll(io.LimitReader(part, maxRootFile))
		case "bundel":
			if !v.c.auditing.TryLock() {
				f.wrong("bundel", v.word("audit.busy"))
				return nil, nil
			}
			defer v.c.auditing.Unlock()
			return v.verify(f, key, root, part), nil
		}
		if err != nil {
			return nil, errTooLong
		}
	}
}

// verify verifies one bundle. The key is forgotten when it is done.
func (v *visit) verify(f *form, key, root []byte, sealed *multipart.Part) *verdict {
	defer clear(key)
	if len(key) == 0 {
		f.wrong("sleutel", v.word("audit.key.missing"))
		return nil
	}
	opener, err := audit.ParseKey(key)
	if err != nil {
		f.wrong("sleutel", v.word("audit.key.wrong"))
		return nil
	}
	in := &bounded{from: sealed, left: maxBundle}
	traffic := audit.NewTraffic()
	o := audit.Options{Row: traffic.Row}
	if len(root) > 0 {
		o.Root = root
	}
	report, err := opener.Verify(in, o)
	var broken *audit.Broken
	switch {
	case err == nil:
		return v.verdictOf(report, traffic.Flows())
	case in.over:
		f.wrong("bundel", v.word("audit.bundle.large", "n", maxBundle>>20))
	case in.empty():
		f.wrong("bundel", v.word("audit.bundle.missing"))
	case errors.Is(err, audit.ErrNotForUs):
		f.wrong("bundel", v.word("audit.bundle.other"))
	case errors.Is(err, audit.ErrSealBroken):
		return &verdict{Unread: "sealed"}
	case errors.As(err, &broken) && broken.Truncated():
		return &verdict{Unread: "cut"}
	case errors.As(err, &broken):
		return &verdict{Unread: "form"}
	default:
		f.wrong("wortel", v.word("audit.root.wrong"))
	}
	return nil
}

// bounded reads no more than it may, and remembers that there was more.
type bounded struct {
	from io.Reader
	left int64
	over bool
}

// Read reads what may be read.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.over = true
		return 0, errTooLong
	}
	n, err := b.from.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func (b *bounded) empty() bool { return b.left == maxBundle }

// A verdict is what the auditor reads of a bundle.
type verdict struct {
	// Unread is why it could not be read to its end, "" when it was: then there is
	// a report.
	Unread  string
	Report  *audit.Report
	Scope   string
	Own     bool // it is of the organisation whose node judged it
	Groups  []findingGroup
	Flows   []audit.Flow
	Picture flowChart
}

// A findingGroup is all that was found of one code.
type findingGroup struct {
	Code   audit.Code
	Text   audit.Words
	Todo   string // the key of what to do
	Listed []audit.Finding
	Total  uint64
	More   uint64
}

// shownFindings is how many of one code are named; the others are counted.
const shownFindings = 10

func (v *visit) verdictOf(r *audit.Report, flows []audit.Flow) *verdict {
	d := &verdict{
		Report: r, Scope: v.scope(r.Head.Inspection), Own: r.Head.OIN == v.c.node.Identity().OIN, Flows: flows, Picture: drawFlows(r, flows),
	}
	for _, code := range audit.Codes {
		n := r.Findings.Total[code]
		if n == 0 {
			continue
		}
		g := findingGroup{Code: code, Text: audit.TextOf(code).NL, Todo: "audit.todo." + familyOf(code), Total: n}
		if v.lang == "en" {
			g.Text = audit.TextOf(code).EN
		}
		for _, found := range r.Findings.Listed {
			if found.Code == code && len(g.Listed) < shownFindings {
				g.Listed = append(g.Listed, found)
			}
		}
		g.More = n - uint64(len(g.Listed))
		d.Groups = append(d.Groups, g)
	}
	return d
}

// scope says what an inspection covers.
func (v *visit) scope(i exchange.Inspection) string {
	text := v.word("audit.scope." + string(i.Scope))
	switch i.Scope {
	case exchange.ScopePeriod:
		text = v.word("audit.scope.period", "from", dayIn(v.lang, i.From), "until", dayIn(v.lang, i.Until))
	case exchange.ScopeParty:
		text = v.word("audit.scope.counterparty", "party", string(i.Party))
	case exchange.ScopePurpose:
		text = v.word("audit.scope.purpose", "purpose", in(v.lang, v.c.purpose(i.Purpose).Name))
	case exchange.ScopeExchange:
		text = v.word("audit.scope.exchange", "ref", ref(i.Exchange))
	}
	if i.Disclosures {
		text += v.word("audit.scope.disclosures")
	}
	return text
}

// families are the findings by what an auditor does about them.
var families = map[string][]audit.Code{
	"again": {
		audit.FrameOrder, audit.HeadForm, audit.HeadTwice, audit.EndSignature, audit.EndDigest, audit.HeldForm,
	},
	"authority": {
		audit.RegisterInvalid, audit.RegisterOrder, audit.RegisterMissing, audit.RegisterUnused, audit.PartyUnlisted, audit.LedgerKey,
	},
	"rewritten": {
		audit.EntryForm, audit.EntryGap, audit.NoBeginning, audit.KindUnknown, audit.OwnParty, audit.CheckpointMissing, audit.CheckpointWrong,
		audit.CheckpointSize, audit.RootWrong, audit.CosignatureWrong, audit.LedgerForked, audit.LedgerShorter,
	},
	"clock": {audit.EntryTime, audit.EntryFuture, audit.MessageClock, audit.ReceiptClock, audit.ExchangeClock, audit.TimesDiffer},
	"grant": {
		audit.GrantMissing, audit.GrantDiffers, audit.PartKeyMissing, audit.PartKeySurplus, audit.MessageMissing, audit.MessageSurplus,
		audit.DisclosuresLess, audit.DisclosuresMore,
	},
	"forged": {
		audit.PartKeyWrong, audit.PartForm, audit.PartRegister, audit.MessageDigest, audit.MessageWrong, audit.MessageDiffers, audit.MessageTwice, audit.ReceiptWrong,
	},
	"omitted": {
		audit.ReceiptOfNone, audit.OrderBroken, audit.AnswerMissing, audit.Omitted, audit.PairDiffers, audit.OtherContent,
	},
	"destroyed": {audit.NotDestroyed},
	"onward":    {audit.OnwardRefused, audit.Unnoticed},
}

func familyOf(code audit.Code) string {
	for family, codes := range families {
		if slices.Contains(codes, code) {
			return family
		}
	}
	return ""
}
