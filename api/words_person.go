package api

// The words of what a person asks, see words.go.

func searchReasons() []pair[SearchReason] {
	return []pair[SearchReason]{
		{"case", SearchForCase}, {"request", SearchForRequest}, {"person", SearchForPerson}, {"complaint", SearchForComplaint}, {"check", SearchForCheck},
	}
}

// SearchReasonOf is the word for a code of exchange.SearchReason.
func SearchReasonOf(code string) (SearchReason, bool) { return word(searchReasons(), code) }

// SearchReasonCodes lists the codes that [SearchReasonOf] knows.
func SearchReasonCodes() []string { return codes(searchReasons()) }

// Code is the code of exchange.SearchReason for the word.
func (r SearchReason) Code() string { return code(searchReasons(), r) }

func petitionKinds() []pair[PetitionKind] {
	return []pair[PetitionKind]{
		{"access", PetitionAccess}, {"rectification", PetitionRectification}, {"erasure", PetitionErasure}, {"restriction", PetitionRestriction},
		{"objection", PetitionObjection},
	}
}

// PetitionKindOf is the word for a code of exchange.PetitionKind.
func PetitionKindOf(code string) (PetitionKind, bool) { return word(petitionKinds(), code) }

// PetitionKindCodes lists the codes that [PetitionKindOf] knows.
func PetitionKindCodes() []string { return codes(petitionKinds()) }

// Code is the code of exchange.PetitionKind for the word.
func (k PetitionKind) Code() string { return code(petitionKinds(), k) }

func identityProofs() []pair[IdentityProof] {
	return []pair[IdentityProof]{
		{"digid", ProofDigiD}, {"document", ProofDocument}, {"known", ProofKnown}, {"representative", ProofRepresentative},
	}
}

// IdentityProofOf is the word for a code of exchange.IdentityProof.
func IdentityProofOf(code string) (IdentityProof, bool) { return word(identityProofs(), code) }

// IdentityProofCodes lists the codes that [IdentityProofOf] knows.
func IdentityProofCodes() []string { return codes(identityProofs()) }

// Code is the code of exchange.IdentityProof for the word.
func (p IdentityProof) Code() string { return code(identityProofs(), p) }

func rulingOutcomes() []pair[RulingOutcome] {
	return []pair[RulingOutcome]{{"granted", PetitionGranted}, {"partly", PetitionPartly}, {"refused", PetitionDenied}}
}

// RulingOutcomeOf is the word for a code of exchange.RulingOutcome.
func RulingOutcomeOf(code string) (RulingOutcome, bool) { return word(rulingOutcomes(), code) }

// RulingOutcomeCodes lists the codes that [RulingOutcomeOf] knows.
func RulingOutcomeCodes() []string { return codes(rulingOutcomes()) }

// Code is the code of exchange.RulingOutcome for the word.
func (o RulingOutcome) Code() string { return code(rulingOutcomes(), o) }

func refusalGrounds() []pair[RefusalGround] {
	return []pair[RefusalGround]{
		{"conditions-not-met", NotMet}, {"not-identified", NotIdentified}, {"excessive", Excessive}, {"rights-of-others", RightsOfOthers},
		{"prosecution", Prosecution}, {"supervision", Supervision}, {"statutory-duty", StatutoryDuty}, {"legal-claim", LegalClaim},
		{"compelling-grounds", CompellingGrounds},
	}
}

// RefusalGroundOf is the word for a code of exchange.RefusalGround.
func RefusalGroundOf(code string) (RefusalGround, bool) { return word(refusalGrounds(), code) }

// RefusalGroundCodes lists the codes that [RefusalGroundOf] knows.
func RefusalGroundCodes() []string { return codes(refusalGrounds()) }

// Code is the code of exchange.RefusalGround for the word.
func (g RefusalGround) Code() string { return code(refusalGrounds(), g) }

func parts() []pair[Part] {
	return []pair[Part]{
		{"others", PartOthers}, {"staff", PartStaff}, {"reasons", PartReasons}, {"weighing", PartWeighing}, {"notes", PartNotes},
		{"content", PartContent}, {"motives", PartMotives},
	}
}

// PartOf is the word for a code of exchange.Part.
func PartOf(code string) (Part, bool) { return word(parts(), code) }

// PartCodes lists the codes that [PartOf] knows.
func PartCodes() []string { return codes(parts()) }

// Code is the code of exchange.Part for the word.
func (p Part) Code() string { return code(parts(), p) }

func accountKinds() []pair[AccountKind] {
	return []pair[AccountKind]{
		{"case", AccountCase}, {"asked", AccountAsked}, {"supplied", AccountSupplied}, {"petition", AccountPetition},
	}
}

// AccountKindOf is the word for a code of exchange.AccountKind.
func AccountKindOf(code string) (AccountKind, bool) { return word(accountKinds(), code) }

// Code is the code of exchange.AccountKind for the word.
func (k AccountKind) Code() string { return code(accountKinds(), k) }
