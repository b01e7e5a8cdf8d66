package server_test

import (
	"testing"

	"sluis/api"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/peer"
)

// Every code that the API can show has one word, and the word leads back.
func TestWords(t *testing.T) {
	words := map[string]string{}
	there(t, words, "side", api.SideOf, api.Side.Code, exchange.Asker, exchange.Supplier)
	there(t, words, "phase", api.PhaseOf, api.Phase.Code, exchange.Queued, exchange.Delivered, exchange.Weighing, exchange.Clarifying,
		exchange.Proposed, exchange.Decided,
		exchange.Answered, exchange.Refused, exchange.Withdrawn, exchange.Expired, exchange.Rejected)
	there(t, words, "depth", api.DepthOf, api.Depth.Code, exchange.Depths[:]...)
	there(t, words, "outcome", api.OutcomeOf, api.Outcome.Code, exchange.Supply, exchange.Withhold)
	there(t, words, "condition", api.ConditionOf, api.ConditionKind.Code, exchange.ConditionCodes[:]...)
	there(t, words, "involvement", api.InvolvementOf, api.InvolvementState.Code, exchange.InConsultation, exchange.Informed,
		exchange.NotYetInformed, exchange.Objected)
	there(t, words, "role", api.RoleOf, api.Role.Code, exchange.Roles[:]...)
	there(t, words, "regime", api.RegimeOf, api.Regime.Code, exchange.Regimes[:]...)
	there(t, words, "category", api.CategoryOf, api.Category.Code, exchange.Categories[:]...)
	there(t, words, "message", api.MessageKindOf, api.MessageKind.Code, wire.Kinds[:]...)
	there(t, words, "verdict", api.VerdictOf, api.Verdict.Code, exchange.Permitted, exchange.NeedsPermission, exchange.Forbidden)
	there(t, words, "correction", api.CorrectionOf, api.CorrectionKind.Code, exchange.CorrectionKinds[:]...)
	there(t, words, "passing", api.PassingStateOf, api.PassingState.Code, exchange.PassingQueued, exchange.PassingDelivered, exchange.PassingRejected,
		exchange.PassingExpired, exchange.PassingNoticed)
	there(t, words, "permission", api.PermissionStateOf, api.PermissionState.Code, exchange.PermissionAsked, exchange.PermissionGranted,
		exchange.PermissionDenied, exchange.PermissionWithdrawn, exchange.PermissionFailed)
	there(t, words, "mark", api.MarkOf, api.Mark.Code, exchange.MarkRestricted, exchange.MarkErased)
	there(t, words, "seat", api.SeatStateOf, api.SeatState.Code, exchange.SeatInvited, exchange.SeatComing, exchange.SeatDeclined, exchange.SeatFailed)
	there(t, words, "standing", api.StandingOf, api.Standing.Code, exchange.Standings[:]...)
	there(t, words, "consent", api.ConsentOf, api.ConsentState.Code, exchange.ConsentStates[:]...)
	there(t, words, "scope", api.ScopeOf, api.Scope.Code, exchange.ScopeCodes[:]...)
	there(t, words, "finding", api.FindingOf, api.Finding.Code, peer.TwoRoots, peer.ProofFails, peer.Shorter)
	there(t, words, "search", api.SearchReasonOf, api.SearchReason.Code, exchange.SearchReasons[:]...)
	there(t, words, "petition", api.PetitionKindOf, api.PetitionKind.Code, exchange.PetitionKinds[:]...)
	there(t, words, "identity", api.IdentityProofOf, api.IdentityProof.Code, exchange.IdentityProofs[:]...)
	there(t, words, "ruling", api.RulingOutcomeOf, api.RulingOutcome.Code, exchange.RulingOutcomes[:]...)
	there(t, words, "part", api.PartOf, api.Part.Code, exchange.Parts[:]...)
	there(t, words, "account", api.AccountKindOf, api.AccountKind.Code, exchange.CaseAccount, exchange.AskedAccount, exchange.SuppliedAccount,
		exchange.PetitionAccount)
	var grounds []exchange.RefusalGround
	for _, g := range exchange.RefusalGrounds {
		grounds = append(grounds, g.Code)
	}
	there(t, words, "refusal", api.RefusalGroundOf, api.RefusalGround.Code, grounds...)
	if len(words) != 2+11+3+2+11+4+7+7+4+16+3+3+6+4+3+3+4+5+5+2+5+5+4+3+7+4+9 {
		t.Errorf("%d words", len(words))
	}
}

func there[W interface {
	~string
	Valid() bool
}, C ~string](t *testing.T, seen map[string]string, kind string, word func(string) (W, bool), code func(W) string, all ...C) {
	t.Helper()
	for _, c := range all {
		w, ok := word(string(c))
		if !ok || !w.Valid() || code(w) != string(c) {
			t.Errorf("%s %s: word %q, which leads back to %q", kind, c, w, code(w))
		}
		if other, twice := seen[kind+" "+string(w)]; twice {
			t.Errorf("%s %s and %s have the same word", kind, c, other)
		}
		seen[kind+" "+string(w)] = string(c)
	}
	if w, ok := word("no-such-code"); ok || w != "" || code("no-such-word") != "" {
		t.Errorf("%s: a code or word that does not exist leads somewhere", kind)
	}
}
