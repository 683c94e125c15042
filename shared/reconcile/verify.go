package reconcile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"vodevents/shared/config"
	"vodevents/shared/deliver"
	"vodevents/shared/event"
	"vodevents/shared/internal/backoff"
	"vodevents/shared/vod"
)

// patience is how long VOD is asked again before an event is called false. VOD does not
// document that its answers are never older than the events that it has sent.
const patience = 3 * time.Second

// Verifiers makes a Pipeline's Verify, and keeps connections to VOD from one
// invocation to the next.
type Verifiers struct {
	transport *vod.Transport
	pace      *vod.Pace
}

// NewVerifiers returns the Verifiers of a process. Call it once.
func NewVerifiers() *Verifiers { return &Verifiers{vod.NewTransport(), newPace()} }

// newPace keeps to VOD's limit of 100 calls a second of each action (266/34129,
// 266/31763).
func newPace() *vod.Pace { return vod.NewPace(100) }

// Open is called at the start of each invocation: keys may have changed. It returns
// nil without CALLBACK_VERIFY=ask.
func (v *Verifiers) Open(cfg config.Config, getenv func(string) string, onSCF bool) (func(context.Context, *event.Event) (deliver.Verdict, error), error) {
	if !cfg.Ask {
		return nil, nil
	}
	client, err := vod.Connect(getenv, onSCF, vod.Options{Endpoint: cfg.Endpoint, Region: cfg.Region, Transport: v.transport, Pace: v.pace})
	if err != nil {
		return nil, fmt.Errorf("CALLBACK_VERIFY: %w", err)
	}
	return (&Verifier{Client: client, SubAppIds: cfg.SubAppIds}).Verify, nil
}

// Verifier looks up events before they are delivered.
type Verifier struct {
	Client *vod.Client

	// SubAppIds are all asked: the URL of a callback does not tell where it is
	// from. None: the account's default application.
	SubAppIds []uint64
}

// Verify asks VOD whether an event is true. If VOD refutes it, Verify asks again for
// 3 s. If VOD gives no answer, it asks again until ctx ends.
func (v *Verifier) Verify(ctx context.Context, e *event.Event) (deliver.Verdict, error) {
	var refuted time.Time // since when
	for failures := 1; ; failures++ {
		verdict, err := v.ask(ctx, e)
		switch verdict {
		case deliver.Confirmed, deliver.NotAsked:
			return verdict, nil
		case deliver.NoAnswer:
			refuted = time.Time{}
		case deliver.Refuted:
			if refuted.IsZero() {
				refuted = time.Now()
			}
			if time.Since(refuted) >= patience || errors.Is(err, errHopeless) {
				return verdict, err
			}
		}
		if !backoff.Sleep(ctx, backoff.Pause(failures, 200*time.Millisecond, time.Second)) {
			return verdict, err
		}
	}
}

// errHopeless means that no other answer of VOD could make the event true.
var errHopeless = errors.New("no answer of VOD could make it true")

// ask asks once.
func (v *Verifier) ask(ctx context.Context, e *event.Event) (deliver.Verdict, error) {
	if e.Type == event.TypeMediaRead {
		return deliver.Refuted, fmt.Errorf("it is an event of our own, which VOD does not send: %w", errHopeless)
	}
	i := slices.IndexFunc(event.Kinds, func(k event.Kind) bool { return k.Type == e.Type })
	if i < 0 || e.Field == "data" || e.Payload == nil {
		return deliver.NotAsked, nil
	}
	kind := event.Kinds[i]
	payload, _ := e.Decode() // if it fails in part, the ids that could be read are used
	switch payload.(type) {
	case *event.MediaCastEvent, *event.ProcessImageAsyncTask, event.Unknown:
		return deliver.NotAsked, nil
	}
	if err := oneReading(e); err != nil {
		return deliver.Refuted, fmt.Errorf("%w: %w", err, errHopeless)
	}
	switch p := payload.(type) {
	case *event.FileUploadTask:
		return v.askUpload(ctx, e, p.FileId)
	case *event.PersistenceCompleteTask:
		return v.askFile(ctx, p.FileId, nil)
	case *event.RestoreMediaTask:
		return v.askFile(ctx, p.FileId, nil)
	case *event.FileDeleteTask:
		return v.askDeletion(ctx, p)
	}
	return v.askTask(ctx, kind, e)
}

// oneReading returns an error if two programs could read an event differently, because
// VOD is asked about one reading only. VOD never sends a member twice, in whatever case,
// nor two payloads.
func oneReading(e *event.Event) error {
	t, err := decodeTree(e.AppendData(nil))
	if err != nil {
		return fmt.Errorf("it cannot be compared: %w", err)
	}
	for _, k := range event.Kinds {
		for _, field := range []string{k.Field, k.Also} {
			if name := fold(field); field != "" && name != fold(e.Field) && t.members[name] != nil {
				return fmt.Errorf("it has %s beside %s", field, e.Field)
			}
		}
	}
	return nil
}

// apps are the applications to ask.
func (v *Verifier) apps() []uint64 {
	if len(v.SubAppIds) == 0 {
		return []uint64{0}
	}
	return v.SubAppIds
}

func (v *Verifier) askTask(ctx context.Context, kind event.Kind, e *event.Event) (deliver.Verdict, error) {
	claim, err := decodeTree(e.Payload)
	if err != nil {
		return deliver.Refuted, fmt.Errorf("it cannot be compared: %w: %w", err, errHopeless)
	}
	id := claim.members["taskid"]
	if id == nil || id.text == "" {
		return deliver.Refuted, fmt.Errorf("it names no task: %w", errHopeless)
	}
	var unanswered error
	for _, app := range v.apps() {
		d, err := v.Client.DescribeTaskDetail(ctx, app, id.text)
		switch {
		case errors.Is(err, vod.ErrUnknown):
			continue
		case err != nil:
			unanswered = err
			continue
		}
		said, task, err := taskOf(d)
		if err == nil && said.Type != kind.Type {
			err = &Differs{"it is a task of " + said.Type}
		}
		if err == nil {
			err = Compare(e.Payload, task)
		}
		if err != nil {
			return deliver.Refuted, err
		}
		return deliver.Confirmed, nil
	}
	switch {
	case unanswered != nil:
		return deliver.NoAnswer, unanswered
	case old(claim, time.Now()):
		return deliver.NotAsked, nil
	}
	return deliver.Refuted, &Differs{"it knows no task " + short(id.text)}
}

// old tells whether a task, by its own data, began before the time that VOD remembers.
func old(t *tree, now time.Time) bool {
	var earliest time.Time
	var walk func(*tree)
	walk = func(t *tree) {
		for _, name := range []string{"beginprocesstime", "finishtime"} {
			if m := t.members[name]; m != nil {
				at, err := vod.ParseTime(m.text)
				if err == nil && !at.IsZero() && (earliest.IsZero() || at.Before(earliest)) {
					earliest = at
				}
			}
		}
		for _, m := range t.members {
			walk(m)
		}
		for _, m := range t.elements {
			walk(m)
		}
	}
	walk(t)
	return !earliest.IsZero() && now.Sub(earliest) > vod.TaskMemory
}

// info has the members of MediaInfoSet's elements that are needed.
type info struct {
	BasicInfo struct {
		MediaUrl   string
		SourceInfo struct{ SourceContext string }
	}
	TranscodeInfo struct {
		TranscodeSet []struct{ Definition int64 }
	}
	AdaptiveDynamicStreamingInfo struct {
		AdaptiveDynamicStreamingSet []struct{ Definition int64 }
	}
}

func (v *Verifier) askUpload(ctx context.Context, e *event.Event, fileId string) (deliver.Verdict, error) {
	var claim struct {
		MediaBasicInfo struct {
			MediaUrl   string
			SourceInfo struct{ SourceContext string }
		}
	}
	_ = json.Unmarshal(e.Payload, &claim) // if it cannot be read, it claims nothing
	return v.askFile(ctx, fileId, func(m info) error {
		said, basic := m.BasicInfo, claim.MediaBasicInfo
		switch {
		case said.MediaUrl != "" && basic.MediaUrl != "" && withoutQuery(said.MediaUrl) != withoutQuery(basic.MediaUrl):
			return &Differs{fmt.Sprintf("MediaUrl is %q", short(said.MediaUrl))}
		case basic.SourceInfo.SourceContext != said.SourceInfo.SourceContext && basic.SourceInfo.SourceContext != "":
			return &Differs{"SourceContext is another"}
		}
		return nil
	})
}

// askFile asks whether a file is there and whether it matches.
func (v *Verifier) askFile(ctx context.Context, fileId string, fits func(info) error) (deliver.Verdict, error) {
	if fileId == "" {
		return deliver.Refuted, fmt.Errorf("it names no task and no file: %w", errHopeless)
	}
	var unanswered error
	for _, app := range v.apps() {
		found, err := v.infos(ctx, app, []string{fileId}, vod.BasicInfo)
		if err != nil {
			unanswered = err
			continue
		}
		m, ok := found[fileId]
		if !ok {
			continue
		}
		if fits != nil {
			if err := fits(m); err != nil {
				return deliver.Refuted, err
			}
		}
		return deliver.Confirmed, nil
	}
	if unanswered != nil {
		return deliver.NoAnswer, unanswered
	}
	return deliver.Refuted, &Differs{"it knows no file " + short(fileId)}
}

// infos are the files that exist in an application, by FileId.
func (v *Verifier) infos(ctx context.Context, app uint64, fileIds []string, filters ...string) (map[string]info, error) {
	found, _, err := v.Client.DescribeMediaInfos(ctx, app, fileIds, filters...)
	if err != nil {
		return nil, err
	}
	infos := make(map[string]info, len(found))
	for _, f := range found {
		var m info
		if err := json.Unmarshal(f.Info, &m); err != nil {
			return nil, fmt.Errorf("reconcile: file %s: %w", f.FileId, err)
		}
		infos[f.FileId] = m
	}
	return infos, nil
}

// askDeletion asks whether files or parts of them are gone. A file is gone if no
// application has it. Beside parts that VOD does not list, the others are asked about: a
// lie among them refutes the event.
func (v *Verifier) askDeletion(ctx context.Context, p *event.FileDeleteTask) (deliver.Verdict, error) {
	parts := map[string][]*event.MediaDeleteItem{}
	for _, id := range p.FileIdSet {
		parts[id] = nil
	}
	for _, r := range p.FileDeleteResultInfo {
		if r != nil {
			parts[r.FileId] = append(parts[r.FileId], r.DeleteParts...)
		}
	}
	ids, all := make([]string, 0, len(parts)), true
	for id, deleted := range parts {
		listed := slices.DeleteFunc(slices.Clone(deleted), unlisted)
		all = all && len(listed) == len(deleted)
		if id != "" && (len(listed) > 0 || len(deleted) == 0) {
			ids = append(ids, id)
		}
	}
	switch {
	case len(ids) == 0 && !all:
		return deliver.NotAsked, nil
	case len(ids) == 0:
		return deliver.Refuted, fmt.Errorf("it names no task and no file: %w", errHopeless)
	}
	slices.Sort(ids)
	var unanswered error
	for _, app := range v.apps() {
		for some := range slices.Chunk(ids, vod.MaxFileIds) {
			infos, err := v.infos(ctx, app, some, vod.BasicInfo, vod.TranscodeInfo, vod.AdaptiveDynamicStreamingInfo)
			if err != nil {
				unanswered = err
				continue
			}
			for id, m := range infos {
				if what := stillThere(m, parts[id]); what != "" {
					return deliver.Refuted, &Differs{"file " + short(id) + " still has " + what}
				}
			}
		}
	}
	switch {
	case unanswered != nil:
		return deliver.NoAnswer, unanswered
	case !all:
		return deliver.NotAsked, nil
	}
	return deliver.Confirmed, nil
}

// unlisted tells whether VOD has no list that would show this part.
func unlisted(part *event.MediaDeleteItem) bool {
	if part == nil {
		return false
	}
	switch part.Type {
	case event.DeletedOriginalFiles, event.DeletedTranscodeFiles, event.DeletedAdaptiveDynamicStreamingFiles:
		return false
	}
	return true
}

// stillThere names what a file still has although it was deleted. Without parts the
// whole file was deleted.
func stillThere(m info, parts []*event.MediaDeleteItem) string {
	if len(parts) == 0 {
		return "its entry"
	}
	streams := m.AdaptiveDynamicStreamingInfo.AdaptiveDynamicStreamingSet
	for _, part := range parts {
		if part == nil {
			continue
		}
		deleted := func(d struct{ Definition int64 }) bool {
			return part.Definition == 0 || part.Definition == d.Definition
		}
		switch part.Type {
		case event.DeletedOriginalFiles:
			if m.BasicInfo.MediaUrl != "" {
				return "its original"
			}
		case event.DeletedTranscodeFiles:
			// Definition 0 is the original, and adaptive streams can be listed here too.
			if slices.ContainsFunc(m.TranscodeInfo.TranscodeSet, func(t struct{ Definition int64 }) bool {
				return t.Definition != 0 && !slices.Contains(streams, t) && deleted(t)
			}) {
				return "transcodes"
			}
		case event.DeletedAdaptiveDynamicStreamingFiles:
			if slices.ContainsFunc(streams, deleted) {
				return "adaptive streams"
			}
		}
	}
	return ""
}
