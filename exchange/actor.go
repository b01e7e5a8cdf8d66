package exchange

// An ActorID names a person who works with the node, within his organisation.
// It is not his name and carries no meaning outside.
type ActorID string

// ParseActorID checks the form of an actor's ID: a code, see the catalogues.
func ParseActorID(s string) (ActorID, error) {
	if !isCode(s) {
		return "", refuse(BadActorID)
	}
	return ActorID(s), nil
}

// An Actor is the person who acts, with what he may do in each of the
// capacities of his organisation. Who he is, is proved at the door he came in
// by; what he may do is checked here.
type Actor struct {
	ID    ActorID
	Name  Personal
	Roles []Grant
}

// A Grant gives a person a role within one capacity of his organisation.
type Grant struct {
	Role     Role         `json:"role"`
	Capacity CapacityCode `json:"capacity"`
}

// A Role is what a person does with the node.
type Role string

// The roles.
const (
	Professional   Role = "professional"    // decides on requests (professional)
	Requester      Role = "requester"       // asks on behalf of the college (aanvrager)
	Coordinator    Role = "coordinator"     // coördinator, art. 2.3a.3
	ReportingDesk  Role = "reporting-desk"  // medewerker van het meldpunt
	PrivacyOfficer Role = "privacy-officer" // functionaris gegevensbescherming
	Administrator  Role = "administrator"   // beheerder
	Auditor        Role = "auditor"         // toezichthouder
)

// Roles lists every role.
var Roles = [...]Role{Professional, Requester, Coordinator, ReportingDesk, PrivacyOfficer, Administrator, Auditor}

// Holds reports whether the actor has the role in the capacity.
func (a Actor) Holds(role Role, in CapacityCode) bool {
	for _, g := range a.Roles {
		if g.Role == role && g.Capacity == in {
			return true
		}
	}
	return false
}
