package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"
)

// A Client talks to one node. It may be used by many goroutines.
type Client struct {
	raw      *Raw
	language string
	http     *http.Client
}

// Dial returns a client of the node that listens on a unix socket. It makes no
// connection yet. Problems come in English, see [Client.In].
func Dial(socket string) *Client {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			d := net.Dialer{Timeout: 5 * time.Second}
			conn, err := d.DialContext(ctx, "unix", resolved(socket))
			if err != nil {
				return nil, &Unreachable{Socket: socket, cause: err}
			}
			return conn, nil
		},
		DisableCompression: true,
		MaxIdleConns:       8,
		IdleConnTimeout:    30 * time.Second,
	}
	c := &Client{language: "en", http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	c.raw = &Raw{Server: "http://sluis/v1/", Client: c}
	return c
}

// Connect returns a client of a node that listens on a URL such as
// https://sluis.example.nl:8444, for another system of the organisation. What it
// needs to prove who it is, a certificate and perhaps tokens, the transport brings
// along.
func Connect(url string, transport http.RoundTripper) *Client {
	c := &Client{language: "en", http: &http.Client{
		Transport: transport, Timeout: 2 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	c.raw = &Raw{Server: strings.TrimSuffix(url, "/") + "/v1/", Client: c}
	return c
}

// resolved follows a link in place of the socket, which is how a socket in a
// directory with a long name is reached: what the system takes is some hundred
// bytes.
func resolved(socket string) string {
	if path, err := filepath.EvalSymlinks(socket); err == nil {
		return path
	}
	return socket
}

// In returns a client that asks for problems in this language: "nl" or "en".
func (c *Client) In(language string) *Client {
	other := *c
	other.language = language
	other.raw = &Raw{Server: c.raw.Server, Client: &other}
	return &other
}

// Close closes connections that are not in use.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// hatHeader names the hat under which somebody acts, keyHeader the one act that a
// call is about; unlessHeader is what an HTTP client has already.
const (
	hatHeader    = "Sluis-Hoedanigheid"
	keyHeader    = "Idempotency-Key"
	unlessHeader = "If-None-Match"
)

type keyOfContext struct{}

// Once returns a context under which one operation is done at most once: called
// again with the same key within a day, the node answers as it did. A UUID serves.
func Once(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, keyOfContext{}, key)
}

// Do sends one request of the generated client.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	r.Header.Set("Accept", "application/json, application/problem+json")
	r.Header.Set("Accept-Language", c.language)
	if key, ok := r.Context().Value(keyOfContext{}).(string); ok && r.Header[keyHeader] != nil {
		r.Header.Set(keyHeader, key)
	}
	for _, name := range []string{hatHeader, keyHeader, unlessHeader} {
		if r.Header.Get(name) == "" {
			r.Header.Del(name) // the generated client writes it all the same
		}
	}
	response, err := c.http.Do(r)
	var down *Unreachable
	switch {
	case err == nil:
		return response, nil
	case errors.As(err, &down):
		return nil, down
	}
	return nil, err
}

// By is who acts: a member of staff, and the hat (pet) that he wears, which is
// the capacity in which he acts. Who has one capacity can leave the hat out.
type By struct {
	Staff ActorID
	Hat   Code
}

// OpenCase begins a case.
func (c *Client) OpenCase(ctx context.Context, by By, n NewCase) (Case, error) {
	return result[Case](c.raw.OpenCase(ctx, &OpenCaseParams{Actor: by.Staff, Hat: by.Hat}, n))
}

// Cases lists cases, oldest first; nothing in them is personal.
func (c *Client) Cases(ctx context.Context, q ListCasesParams) (CasePage, error) {
	return result[CasePage](c.raw.ListCases(ctx, &q, unlessZero("hoedanigheid", "cursor", "limiet")))
}

// ViewCase returns everything of a case. That the person looked is recorded.
func (c *Client) ViewCase(ctx context.Context, by By, id ID) (CaseContent, error) {
	return result[CaseContent](c.raw.ViewCase(ctx, id, &ViewCaseParams{Actor: by.Staff, Hat: by.Hat}))
}

// Admit adds somebody to a case, or records that a family member agreed.
func (c *Client) Admit(ctx context.Context, by By, id ID, p CasePerson) (Case, error) {
	return result[Case](c.raw.Admit(ctx, id, &AdmitParams{Actor: by.Staff, Hat: by.Hat}, p))
}

// CloseCase ends a case.
func (c *Client) CloseCase(ctx context.Context, by By, id ID) (Case, error) {
	return result[Case](c.raw.CloseCase(ctx, id, &CloseCaseParams{Actor: by.Staff, Hat: by.Hat}))
}

// RecordMoment records a moment from which a term of retention of a case runs.
func (c *Client) RecordMoment(ctx context.Context, by By, id ID, m Moment) (Case, error) {
	return result[Case](c.raw.RecordMoment(ctx, id, &RecordMomentParams{Actor: by.Staff, Hat: by.Hat}, m))
}

// Terms lists what is destroyed within so many days, and what waits for a moment.
func (c *Client) Terms(ctx context.Context, days int) ([]Keep, error) {
	list, err := result[KeepList](c.raw.ListTerms(ctx, &ListTermsParams{Within: days}, unlessZero("hoedanigheid")))
	return list.Kept, err
}

// PlaceHold puts off the destruction of a case or a request.
func (c *Client) PlaceHold(ctx context.Context, by By, id ID, h Hold) (Keep, error) {
	return result[Keep](c.raw.PlaceHold(ctx, id, &PlaceHoldParams{Actor: by.Staff, Hat: by.Hat}, h))
}

// LiftHold ends a hold before its day.
func (c *Client) LiftHold(ctx context.Context, by By, id ID) (Keep, error) {
	return result[Keep](c.raw.LiftHold(ctx, id, &LiftHoldParams{Actor: by.Staff, Hat: by.Hat}))
}

// JudgePassing tells whether items of a request may be passed on. Nothing is
// recorded.
func (c *Client) JudgePassing(ctx context.Context, by By, id ID, p NewPassing) ([]Judgement, error) {
	j, err := result[Judgements](c.raw.JudgePassing(ctx, id, &JudgePassingParams{Actor: by.Staff, Hat: by.Hat}, p))
	return j.Judgements, err
}

// PassOn passes items on to another party. It returns the ID under which the
// recipient has them.
func (c *Client) PassOn(ctx context.Context, by By, id ID, p NewPassing) (ID, error) {
	passed, err := result[PassedOn](c.raw.PassOn(ctx, id, &PassOnParams{Actor: by.Staff, Hat: by.Hat}, p))
	return passed.ID, err
}

// AskPermission asks everybody in the chain whose permission is needed.
func (c *Client) AskPermission(ctx context.Context, by By, id ID, r NewPermissionRequest) ([]ID, error) {
	asked, err := result[AskedPermissions](c.raw.AskPermission(ctx, id, &AskPermissionParams{Actor: by.Staff, Hat: by.Hat}, r))
	return asked.IDs, err
}

// DecidePermission decides on a request for permission.
func (c *Client) DecidePermission(ctx context.Context, by By, id, permission ID, p NewPermission) (Request, error) {
	return result[Request](c.raw.DecidePermission(ctx, id, permission, &DecidePermissionParams{Actor: by.Staff, Hat: by.Hat}, p))
}

// WithdrawPermission takes a permission back.
func (c *Client) WithdrawPermission(ctx context.Context, by By, id, permission ID) (Request, error) {
	return result[Request](c.raw.WithdrawPermission(ctx, id, permission, &WithdrawPermissionParams{Actor: by.Staff, Hat: by.Hat}))
}

// Correct corrects items that were supplied, wherever they are.
func (c *Client) Correct(ctx context.Context, by By, id ID, n NewCorrection) (Request, error) {
	return result[Request](c.raw.Correct(ctx, id, &CorrectParams{Actor: by.Staff, Hat: by.Hat}, n))
}

// TraceItem tells where an item came from and where it went, as far as this
// party knows.
func (c *Client) TraceItem(ctx context.Context, by By, id ID, item string) (Path, error) {
	return result[Path](c.raw.TraceItem(ctx, id, item, &TraceItemParams{Actor: by.Staff, Hat: by.Hat}))
}

// Organise begins a case conference and invites its parties.
func (c *Client) Organise(ctx context.Context, by By, n NewConference) (Conference, error) {
	return result[Conference](c.raw.Organise(ctx, &OrganiseParams{Actor: by.Staff, Hat: by.Hat}, n))
}

// Conferences lists conferences, of one capacity or of all where it is empty.
func (c *Client) Conferences(ctx context.Context, hat string) ([]Conference, error) {
	list, err := result[ConferenceList](c.raw.ListConferences(ctx, &ListConferencesParams{Hat: hat}, unlessZero("hoedanigheid")))
	return list.Conferences, err
}

// ViewConference returns everything of a conference, with what was said in it
// while it goes on.
func (c *Client) ViewConference(ctx context.Context, by By, id ID) (ConferenceContent, error) {
	return result[ConferenceContent](c.raw.ViewConference(ctx, id, &ViewConferenceParams{Actor: by.Staff, Hat: by.Hat}))
}

// AnswerConference says whether we take part.
func (c *Client) AnswerConference(ctx context.Context, by By, id ID, coming bool) (Conference, error) {
	return result[Conference](c.raw.AnswerConference(ctx, id, &AnswerConferenceParams{Actor: by.Staff, Hat: by.Hat}, NewAttendance{Coming: coming}))
}

// Contribute says something in a conference.
func (c *Client) Contribute(ctx context.Context, by By, id ID, n NewContribution) (Contribution, error) {
	return result[Contribution](c.raw.Contribute(ctx, id, &ContributeParams{Actor: by.Staff, Hat: by.Hat}, n))
}

// RecordAgreement writes down who does what. It goes to nobody.
func (c *Client) RecordAgreement(ctx context.Context, by By, id ID, n NewAgreement) (Conference, error) {
	return result[Conference](c.raw.RecordAgreement(ctx, id, &RecordAgreementParams{Actor: by.Staff, Hat: by.Hat}, n))
}

// CloseConference ends a conference. What was said in it is destroyed everywhere.
func (c *Client) CloseConference(ctx context.Context, by By, id ID) (Conference, error) {
	return result[Conference](c.raw.CloseConference(ctx, id, &CloseConferenceParams{Actor: by.Staff, Hat: by.Hat}))
}

// EndCoordination hands all that a coordinator holds in a case back to the
// college; after its receipts the node keeps nothing.
func (c *Client) EndCoordination(ctx context.Context, by By, id ID, n NewHandBack) (HandBack, error) {
	return result[HandBack](c.raw.EndCoordination(ctx, id, &EndCoordinationParams{Actor: by.Staff, Hat: by.Hat}, n))
}

// Sweep destroys what is due now. It returns how many dossiers that were.
func (c *Client) Sweep(ctx context.Context) (int, error) {
	d, err := result[Destruction](c.raw.Sweep(ctx))
	return d.Dossiers, err
}

// MakeBackup makes a backup where the node's configuration wants it.
func (c *Client) MakeBackup(ctx context.Context) (Backup, error) {
	return result[Backup](c.raw.MakeBackup(ctx))
}

// Keys lists the keys of the node that can be rotated.
func (c *Client) Keys(ctx context.Context) (Keys, error) { return result[Keys](c.raw.ListKeys(ctx)) }

// RotateKey makes a new key for a use, beside the one in use.
func (c *Client) RotateKey(ctx context.Context, use KeyUse) (Keys, error) {
	return result[Keys](c.raw.RotateKey(ctx, NewKey{Use: use}))
}

// RetireKey destroys a key that was replaced.
func (c *Client) RetireKey(ctx context.Context, id string) (Keys, error) {
	return result[Keys](c.raw.RetireKey(ctx, id))
}

// Ask makes a request on behalf of a person.
func (c *Client) Ask(ctx context.Context, by By, r NewRequest) (Request, error) {
	return result[Request](c.raw.Ask(ctx, &AskParams{Actor: by.Staff, Hat: by.Hat}, r))
}

// Examine says what Ask would say, and does nothing.
func (c *Client) Examine(ctx context.Context, by By, r NewRequest) (Explanation, error) {
	return result[Explanation](c.raw.Examine(ctx, &ExamineParams{Actor: by.Staff, Hat: by.Hat}, r))
}

// Explain says which rules allowed a request and what was decided on it. That
// the person looked is recorded.
func (c *Client) Explain(ctx context.Context, by By, id ID) (Explanation, error) {
	return result[Explanation](c.raw.Explain(ctx, id, &ExplainParams{Actor: by.Staff, Hat: by.Hat}))
}

// Traces lists what the ledger holds about a request, who did it included. That
// the person looked is recorded.
func (c *Client) Traces(ctx context.Context, by By, id ID) ([]Trace, error) {
	list, err := result[TraceList](c.raw.ListTraces(ctx, id, &ListTracesParams{Actor: by.Staff, Hat: by.Hat}))
	return list.Traces, err
}

// Withdraw takes a request back.
func (c *Client) Withdraw(ctx context.Context, by By, id ID) (Request, error) {
	return result[Request](c.raw.Withdraw(ctx, id, &WithdrawParams{Actor: by.Staff, Hat: by.Hat}))
}

// Weigh records a step of a weighing.
func (c *Client) Weigh(ctx context.Context, by By, id ID, s NewStep) (Request, error) {
	return result[Request](c.raw.Weigh(ctx, id, &WeighParams{Actor: by.Staff, Hat: by.Hat}, s))
}

// Question asks the asker for clarification.
func (c *Client) Question(ctx context.Context, by By, id ID, text string) (Request, error) {
	return result[Request](c.raw.Question(ctx, id, &QuestionParams{Actor: by.Staff, Hat: by.Hat}, Words{Text: text}))
}

// Reply answers a question of the other party.
func (c *Client) Reply(ctx context.Context, by By, id ID, text string) (Request, error) {
	return result[Request](c.raw.Reply(ctx, id, &ReplyParams{Actor: by.Staff, Hat: by.Hat}, Words{Text: text}))
}

// Assign gives a request to a professional.
func (c *Client) Assign(ctx context.Context, by By, id ID, a NewAssignment) (Request, error) {
	return result[Request](c.raw.Assign(ctx, id, &AssignParams{Actor: by.Staff, Hat: by.Hat}, a))
}

// Decide records what a professional decides. Without a list of conditions
// those go along that the catalogue proposes; what it returns says which.
func (c *Client) Decide(ctx context.Context, by By, id ID, d NewDecision) (DecisionMade, error) {
	return result[DecisionMade](c.raw.Decide(ctx, id, &DecideParams{Actor: by.Staff, Hat: by.Hat}, d))
}

// Confirm lets a proposed decision leave.
func (c *Client) Confirm(ctx context.Context, by By, id ID) (Request, error) {
	return result[Request](c.raw.Confirm(ctx, id, &ConfirmParams{Actor: by.Staff, Hat: by.Hat}))
}

// AskAdvice asks the privacy officer about a request that is being weighed.
func (c *Client) AskAdvice(ctx context.Context, by By, id ID, question string) (Request, error) {
	return result[Request](c.raw.AskAdvice(ctx, id, &AskAdviceParams{Actor: by.Staff, Hat: by.Hat}, NewAdviceQuestion{Question: question}))
}

// Advise records what the privacy officer says about a request.
func (c *Client) Advise(ctx context.Context, by By, id ID, text string) (Request, error) {
	return result[Request](c.raw.Advise(ctx, id, &AdviseParams{Actor: by.Staff, Hat: by.Hat}, NewAdvice{Text: text}))
}

// Return gives a proposed decision back.
func (c *Client) Return(ctx context.Context, by By, id ID, why string) (Request, error) {
	return result[Request](c.raw.ReturnDecision(ctx, id, &ReturnDecisionParams{Actor: by.Staff, Hat: by.Hat}, NewReturn{Why: why}))
}

// Request tells how a request stands. Nothing in it is personal. hat picks the
// side where both are ours; mostly it is empty.
func (c *Client) Request(ctx context.Context, id ID, hat Code) (Request, error) {
	return result[Request](c.raw.GetRequest(ctx, id, &GetRequestParams{Hat: hat}, unlessZero("hoedanigheid")))
}

// Open returns everything of a request. That the person looked is recorded.
func (c *Client) Open(ctx context.Context, by By, id ID) (Content, error) {
	return result[Content](c.raw.OpenRequest(ctx, id, &OpenRequestParams{Actor: by.Staff, Hat: by.Hat}))
}

// A Query picks requests; zero fields pick all.
type Query = ListRequestsParams

// Requests lists requests, oldest first.
func (c *Client) Requests(ctx context.Context, q Query) (RequestPage, error) {
	return result[RequestPage](c.raw.ListRequests(ctx, &q, unlessZero("kant", "status", "cursor", "limiet", "casus", "hoedanigheid", "breed", "toestemmingGevraagd")))
}

// unlessZero leaves out parameters that have no value, which the generated
// client writes all the same.
func unlessZero(names ...string) RequestEditorFn {
	return func(_ context.Context, r *http.Request) error {
		query := r.URL.Query()
		for _, name := range names {
			if v := query.Get(name); v == "" || v == "0" || v == "false" {
				query.Del(name)
			}
		}
		r.URL.RawQuery = query.Encode()
		return nil
	}
}

// Messages lists the messages of a request. hat picks the side where both are ours.
func (c *Client) Messages(ctx context.Context, id ID, hat Code) ([]Message, error) {
	list, err := result[MessageList](c.raw.ListMessages(ctx, id, &ListMessagesParams{Hat: hat}, unlessZero("hoedanigheid")))
	return list.Messages, err
}

// Staff lists the people whom the node knows.
func (c *Client) Staff(ctx context.Context) ([]Employee, error) {
	list, err := result[StaffList](c.raw.ListStaff(ctx))
	return list.Staff, err
}

// AddStaff makes a person known.
func (c *Client) AddStaff(ctx context.Context, e Employee) (Employee, error) {
	return result[Employee](c.raw.AddStaff(ctx, e))
}

// ChangeStaff gives a person another name or other roles.
func (c *Client) ChangeStaff(ctx context.Context, e Employee) (Employee, error) {
	return result[Employee](c.raw.ChangeStaff(ctx, e))
}

// RemoveStaff ends what a person may do.
func (c *Client) RemoveStaff(ctx context.Context, id string) (Employee, error) {
	return result[Employee](c.raw.RemoveStaff(ctx, Departure{ID: id}))
}

// InviteStaff makes a link by which a person sets how he signs in to the console.
func (c *Client) InviteStaff(ctx context.Context, id string) (Invitation, error) {
	return result[Invitation](c.raw.InviteStaff(ctx, Invitee{ID: id}))
}

// Parties lists the parties of the register.
func (c *Client) Parties(ctx context.Context) ([]Party, error) {
	list, err := result[PartyList](c.raw.ListParties(ctx))
	return list.Parties, err
}

// Party returns one party of the register.
func (c *Client) Party(ctx context.Context, oin OIN) (Party, error) {
	return result[Party](c.raw.GetParty(ctx, oin))
}

// Register tells which version of the register is in force.
func (c *Client) Register(ctx context.Context) (Register, error) {
	return result[Register](c.raw.GetRegister(ctx))
}

// InstallRegister installs a newer register, as the authority published it.
func (c *Client) InstallRegister(ctx context.Context, bundle []byte) (Register, error) {
	return result[Register](c.raw.InstallRegisterWithBody(ctx, "application/octet-stream", bytes.NewReader(bundle)))
}

// Entries lists headers of the ledger from an entry on, at most limit; 0 is the
// most that the node gives.
func (c *Client) Entries(ctx context.Context, from uint64, limit int) (EntryPage, error) {
	return result[EntryPage](c.raw.ListEntries(ctx, &ListEntriesParams{From: from, Limit: limit}, unlessZero("limiet")))
}

// Checkpoint returns the newest signed checkpoint.
func (c *Client) Checkpoint(ctx context.Context) (Checkpoint, error) {
	return result[Checkpoint](c.raw.GetCheckpoint(ctx))
}

// ProveInclusion proves that the ledger of this size holds an entry; size 0 is
// that of the newest checkpoint.
func (c *Client) ProveInclusion(ctx context.Context, entry, size uint64) (InclusionProof, error) {
	return result[InclusionProof](c.raw.ProveInclusion(ctx, &ProveInclusionParams{Entry: entry, Size: size}, unlessZero("omvang")))
}

// ProveConsistency proves that the ledger of one size is the beginning of a
// later one; size 0 for the later is that of the newest checkpoint.
func (c *Client) ProveConsistency(ctx context.Context, old, later uint64) (ConsistencyProof, error) {
	return result[ConsistencyProof](c.raw.ProveConsistency(ctx, &ProveConsistencyParams{Old: old, New: later}, unlessZero("tot")))
}

// VerifyLedger lets the node read and prove its whole ledger now.
func (c *Client) VerifyLedger(ctx context.Context) (Verification, error) {
	return result[Verification](c.raw.VerifyLedger(ctx))
}

// Witnesses lists the ledgers that the node witnesses and who witnesses its own.
func (c *Client) Witnesses(ctx context.Context) ([]Witness, error) {
	list, err := result[WitnessList](c.raw.ListWitnesses(ctx))
	return list.Witnesses, err
}

// Alarms lists the ledgers of others that contradict themselves, with the
// evidence.
func (c *Client) Alarms(ctx context.Context) ([]Alarm, error) {
	list, err := result[AlarmList](c.raw.ListAlarms(ctx))
	return list.Alarms, err
}

// GrantInspection grants a regulator an inspection and writes its bundle to out.
// An error after the first byte leaves a bundle that can't be used.
func (c *Client) GrantInspection(ctx context.Context, by By, n NewInspection, out io.Writer) (int64, error) {
	response, err := c.raw.GrantInspection(ctx, &GrantInspectionParams{Actor: by.Staff, Hat: by.Hat}, n)
	if err != nil {
		return 0, err
	}
	if response.StatusCode != http.StatusCreated {
		_, err := result[NewInspection](response, nil)
		return 0, err
	}
	defer response.Body.Close()
	return io.Copy(out, response.Body)
}

// Purposes lists the purposes for which can be asked.
func (c *Client) Purposes(ctx context.Context) ([]Purpose, error) {
	list, err := result[PurposeList](c.raw.ListPurposes(ctx))
	return list.Purposes, err
}

// Items lists the data items that can be asked.
func (c *Client) Items(ctx context.Context) ([]Item, error) {
	list, err := result[ItemList](c.raw.ListItems(ctx))
	return list.Items, err
}

// Grounds lists the grounds on which an item can be withheld.
func (c *Client) Grounds(ctx context.Context) ([]Ground, error) {
	list, err := result[GroundList](c.raw.ListGrounds(ctx))
	return list.Grounds, err
}

// Triggers lists what a case can begin with.
func (c *Client) Triggers(ctx context.Context) ([]TriggerRule, error) {
	list, err := result[TriggerList](c.raw.ListTriggers(ctx))
	return list.Triggers, err
}

// Statements lists what can be asked to be stated.
func (c *Client) Statements(ctx context.Context) ([]StatementRule, error) {
	list, err := result[StatementList](c.raw.ListStatements(ctx))
	return list.Statements, err
}

// Weighings lists how professionals weigh.
func (c *Client) Weighings(ctx context.Context) ([]WeighingRule, error) {
	list, err := result[WeighingList](c.raw.ListWeighings(ctx))
	return list.Weighings, err
}

// Conditions lists the kinds of condition on further use, and what is proposed.
func (c *Client) Conditions(ctx context.Context) ([]ConditionRule, error) {
	list, err := result[ConditionList](c.raw.ListConditions(ctx))
	return list.Conditions, err
}

// Events lists what has happened from an entry of the ledger on, in a capacity or
// in all where it is empty. Nothing in it is personal.
func (c *Client) Events(ctx context.Context, hat Code, from uint64, limit int) (EventPage, error) {
	return result[EventPage](c.raw.ListEvents(ctx, &ListEventsParams{Hat: hat, From: from, Limit: limit}, unlessZero("hoedanigheid", "cursor", "limiet")))
}

// Webhooks tells how the delivery of events is.
func (c *Client) Webhooks(ctx context.Context) ([]Webhook, error) {
	list, err := result[WebhookList](c.raw.ListWebhooks(ctx))
	return list.Webhooks, err
}

// Resend lets what a receiver refused be offered again.
func (c *Client) Resend(ctx context.Context, system SystemName) (Webhook, error) {
	return result[Webhook](c.raw.ResendEvents(ctx, system))
}

// Status tells how the node is.
func (c *Client) Status(ctx context.Context) (NodeStatus, error) {
	return result[NodeStatus](c.raw.GetStatus(ctx))
}

// Diagnose checks what only a node that runs can tell. It takes a good minute at most.
func (c *Client) Diagnose(ctx context.Context) (Diagnosis, error) {
	return result[Diagnosis](c.raw.Diagnose(ctx))
}
