package api

import "context"

// SearchPerson looks what the capacity of the hat has of a person. That somebody
// looked is recorded.
func (c *Client) SearchPerson(ctx context.Context, by By, s Search) (Found, error) {
	return result[Found](c.raw.SearchPerson(ctx, &SearchPersonParams{Actor: by.Staff, Hat: by.Hat}, s))
}

// Petitions lists what persons asked who use a right. Nothing in it says who.
func (c *Client) Petitions(ctx context.Context, q ListPetitionsParams) ([]Petition, error) {
	list, err := result[PetitionList](c.raw.ListPetitions(ctx, &q, unlessZero("hoedanigheid", "ookBesloten")))
	return list.Petitions, err
}

// OpenPetition records what a person asks.
func (c *Client) OpenPetition(ctx context.Context, by By, n NewPetition) (Petition, error) {
	return result[Petition](c.raw.OpenPetition(ctx, &OpenPetitionParams{Actor: by.Staff, Hat: by.Hat}, n))
}

// ViewPetition returns everything of a petition. That somebody looked is recorded.
func (c *Client) ViewPetition(ctx context.Context, by By, id ID) (PetitionContent, error) {
	return result[PetitionContent](c.raw.ViewPetition(ctx, id, &ViewPetitionParams{Actor: by.Staff, Hat: by.Hat}))
}

// ExtendPetition makes the deadline of a petition two months longer.
func (c *Client) ExtendPetition(ctx context.Context, by By, id ID, e Extension) (Petition, error) {
	return result[Petition](c.raw.ExtendPetition(ctx, id, &ExtendPetitionParams{Actor: by.Staff, Hat: by.Hat}, e))
}

// DecidePetition records what was decided on a petition.
func (c *Client) DecidePetition(ctx context.Context, by By, id ID, r Ruling) (Petition, error) {
	return result[Petition](c.raw.DecidePetition(ctx, id, &DecidePetitionParams{Actor: by.Staff, Hat: by.Hat}, r))
}

// ReportAccess returns the report of a petition for access that was granted, or a
// draft of it while nothing is decided. That it left the node is recorded.
func (c *Client) ReportAccess(ctx context.Context, by By, id ID, draft bool) (Report, error) {
	return result[Report](c.raw.ReportAccess(ctx, id, &ReportAccessParams{Draft: draft, Actor: by.Staff, Hat: by.Hat}, unlessZero("concept")))
}
