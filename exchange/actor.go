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
	// Hat (pet) is the capacity in which he acts now. One person may be both
	// carer and coordinator; he acts in one of them at a time, and sees and
	// does nothing in the others (memorandum §4.3.3).
	Hat CapacityCode
}

// A Grant gives a person a role within one capacity of his organisation.
type Grant struct {
	Role     Role         `json:"role"`
	Capacity CapacityCode `json:"capacity"`
	// Regime is the confidentiality that binds him in person where it is
	// stricter than that of the capacity, such as a school doctor's; empty
	// for that of the capacity. See [Law.WeighingOf].
	Regime Regime `json:"regime,omitempty"`
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

// Wear returns the actor under the hat of a capacity. Without one he wears the
// only hat he has; who has more must say which.
func (a Actor) Wear(hat CapacityCode) (Actor, error) {
	var own []CapacityCode
	for _, g := range a.Roles {
		if !known(own, g.Capacity) {
			own = append(own, g.Capacity)
		}
	}
	switch {
	case hat == "" && len(own) == 1:
		hat = own[0]
	case hat == "":
		return Actor{}, refuse(HatMissing)
	case !known(own, hat):
		return Actor{}, refuse(HatNotOwn)
	}
	a.Hat = hat
	return a, nil
}

// Holds reports whether the actor has the role in the capacity, and wears the
// hat of that capacity.
func (a Actor) Holds(role Role, in CapacityCode) bool {
	_, ok := a.grant(role, in)
	return ok
}

func (a Actor) grant(role Role, in CapacityCode) (Grant, bool) {
	if a.Hat != in {
		return Grant{}, false
	}
	for _, g := range a.Roles {
		if g.Role == role && g.Capacity == in {
			return g, true
		}
	}
	return Grant{}, false
}

// mayAsk holds that the actor may ask in the capacity, by its task.
func (l *Law) mayAsk(by Actor, in Capacity) error {
	t, ok := l.tasks.get(in.Task)
	if !ok {
		t.Asks = []Role{Requester}
	}
	_, err := by.oneOf(t.Asks, in.Code, t.Article)
	return err
}

// mayDecide holds that the actor may decide in the capacity, and says by which
// grant.
func (l *Law) mayDecide(by Actor, in Capacity) (Grant, error) {
	t, ok := l.tasks.get(in.Task)
	if !ok {
		t.Decides = []Role{Professional}
	}
	return by.oneOf(t.Decides, in.Code, t.Article)
}

// oneOf is the grant of the first of the roles that the actor has under this
// hat; article is that of the task, "" where there is none to name.
func (a Actor) oneOf(roles []Role, in CapacityCode, article string) (Grant, error) {
	for _, role := range roles {
		if g, ok := a.grant(role, in); ok {
			return g, nil
		}
	}
	for _, g := range a.Roles {
		if g.Capacity == in && known(roles, g.Role) {
			return Grant{}, refuse(WrongHat, "capacity", string(in), "hat", string(a.Hat))
		}
	}
	not := refuse(ActorMayNot, "role", string(roles[0]), "capacity", string(in))
	if article != "" {
		not.Params = append(not.Params, "article", article)
	}
	return Grant{}, not
}

func mayView(by Actor, in CapacityCode) error {
	_, err := by.oneOf([]Role{Professional, Requester, Coordinator, ReportingDesk, PrivacyOfficer}, in, "")
	return err
}
