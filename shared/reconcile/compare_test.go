package reconcile_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"vodevents/shared/reconcile"
)

// truth is what VOD says about a procedure of two transcodes and a review.
const truth = `{"TaskId":"1490012345-Procedure-77t0","Status":"FINISH","ErrCode":0,"FileId":"5285890784273533200","FileUrl":"https://1490012345.vod2.example.com/a/f0.mp4",
"SessionContext":"user 7","AiAnalysisResultSet":null,"NewMember":1,"MediaProcessResultSet":[
{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","ErrCode":0,"ErrCodeExt":"","Progress":100,"Input":{"Definition":10},"Output":{"Url":"https://1490012345.vod2.example.com/a/v.f10.mp4?t=6a1","Definition":10}}},
{"Type":"Transcode","TranscodeTask":{"Status":"FAIL","ErrCode":60000,"ErrCodeExt":"SourceFileError","Input":{"Definition":20},"Output":null}}],
"AiContentReviewResultSet":[{"Type":"Porn","PornTask":{"Status":"SUCCESS","Output":{"Suggestion":"block"}}}]}`

func TestCompare(t *testing.T) {
	for name, tt := range map[string]struct {
		old, new string // what the event has in place of the truth
		differs  string // a part of the error; empty: it agrees
	}{
		"the same":                            {"", "", ""},
		"fewer members":                       {`"NewMember":1,`, ``, ""},
		"nulls left out":                      {`"AiAnalysisResultSet":null,`, ``, ""},
		"another query":                       {`?t=6a1`, `?t=7b2&sign=1`, ""},
		"a FileId as a number":                {`"5285890784273533200"`, `5285890784273533200`, ""},
		"an alias of the task":                {`Procedure-77t0`, `procedurev2-78t0`, ""},
		"another message":                     {`"Progress":100`, `"Progress":99,"Message":"x"`, ""},
		"while it ran":                        {`"Status":"FINISH","ErrCode":0`, `"Status":"PROCESSING","ErrCode":0`, ""},
		"while the second ran":                {`"Status":"FAIL","ErrCode":60000,"ErrCodeExt":"SourceFileError"`, `"Status":"PROCESSING","ErrCode":0,"ErrCodeExt":""`, ""},
		"another FileId":                      {`5285890784273533200`, `5285890784273533201`, "fileid"},
		"another state":                       {`"Status":"SUCCESS","ErrCode":0`, `"Status":"FAIL","ErrCode":0`, "status"},
		"a failure as success":                {`"Status":"FAIL","ErrCode":60000,"ErrCodeExt":"SourceFileError"`, `"Status":"SUCCESS","ErrCode":0,"ErrCodeExt":""`, "errcode"},
		"a failure as success alone":          {`"Status":"FAIL"`, `"Status":"SUCCESS"`, "status"},
		"an error code left out":              {`"ErrCode":60000,`, ``, "errcode"},
		"another original":                    {`/a/f0.mp4`, `/b/f0.mp4`, "fileurl"},
		"another result":                      {`/a/v.f10.mp4`, `/b/v.f10.mp4`, "url"},
		"another host":                        {`https://1490012345.vod2.example.com/a/v`, `https://evil.example.com/a/v`, "url"},
		"a result under another template":     {`"Output":{"Url":"https://1490012345.vod2.example.com/a/v.f10.mp4?t=6a1","Definition":10}`, `"Output":{"Url":"https://1490012345.vod2.example.com/a/v.f10.mp4","Definition":20}`, "definition"},
		"a URL where VOD has none":            {`"Output":null`, `"Output":{"Url":"https://evil.example.com/x"}`, "url"},
		"a result more":                       {`"MediaProcessResultSet":[`, `"MediaProcessResultSet":[{"Type":"ImageSprites","ImageSpriteTask":{"Output":{"WebVttUrl":"http://evil.example.com/x"}}},`, "webvtturl"},
		"another suggestion":                  {`"block"`, `"pass"`, "suggestion"},
		"no suggestion":                       {`"Suggestion":"block"`, `"Suggestion":null`, "suggestion"},
		"another context":                     {`user 7`, `user 8`, "sessioncontext"},
		"a member in other letters":           {`"FileId":"5285890784273533200"`, `"FileId":"5285890784273533200","fileURL":"https://evil.example.com"`, "twice"},
		"a member twice":                      {`"Output":{"Url"`, `"Output":{"Url":"https://evil.example.com/x"},"Output":{"Url"`, "twice"},
		"a member in other letters only":      {`"FileUrl":"https://1490012345.vod2`, `"fileurl":"https://evil.vod2`, "fileurl"},
		"an object where VOD has a text":      {`"SessionContext":"user 7"`, `"SessionContext":{"FileId":"3"}`, "fileid"},
		"a list of URLs where VOD has a text": {`"SessionContext":"user 7"`, `"SessionContext":["https://evil.example.com"]`, "sessioncontext"},
	} {
		event := strings.Replace(truth, tt.old, tt.new, 1)
		if tt.old != "" && event == truth {
			t.Fatalf("%s: nothing was replaced", name)
		}
		err := reconcile.Compare(json.RawMessage(event), json.RawMessage(truth))
		var differs *reconcile.Differs
		switch {
		case tt.differs == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.differs != "" && (!errors.As(err, &differs) || !strings.Contains(differs.What, tt.differs)):
			t.Errorf("%s: %v, want %q", name, err, tt.differs)
		}
	}
}

// A list may have another order.
func TestCompareOrder(t *testing.T) {
	a := `{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","Output":{"Url":"https://e.example.com/1","Definition":10}}}`
	b := `{"Type":"Transcode","TranscodeTask":{"Status":"SUCCESS","Output":{"Url":"https://e.example.com/2","Definition":20}}}`
	list := func(all ...string) json.RawMessage {
		return json.RawMessage(`{"MediaProcessResultSet":[` + strings.Join(all, ",") + `]}`)
	}
	if err := reconcile.Compare(list(b, a), list(a, b)); err != nil {
		t.Error(err)
	}
	if reconcile.Compare(list(a, a), list(a, b)) == nil {
		t.Error("one result of VOD's was taken for two")
	}
}

// What VOD has not done yet is not true yet.
func TestCompareBehind(t *testing.T) {
	if reconcile.Compare(json.RawMessage(`{"Status":"FINISH"}`), json.RawMessage(`{"Status":"PROCESSING"}`)) == nil {
		t.Error("FINISH agrees with PROCESSING")
	}
	if err := reconcile.Compare(json.RawMessage(`{"Status":"WAITING"}`), json.RawMessage(`{"Status":"PROCESSING"}`)); err != nil {
		t.Error(err)
	}
}

// A name that encoding/json takes for another is that other, so it can neither hide a
// claim nor come beside a true one.
func TestCompareFoldsNamesAsDecodeDoes(t *testing.T) {
	for _, claim := range []string{
		`{"TaskId":"t","Status":"FINISH","FileId":"1","ſtatus":"PROCESSING"}`, `{"ſtatus":"SUCCESS","FileId":"1"}`, `{"Status":"FINISH","Task":{"Input":{"TaſKid":"8"}}}`,
		`{"TaskId":"t","Tas\u212aId":"u"}`, `{"Status":"FINISH","ſeſſionContext":"forged"}`,
	} {
		if err := reconcile.Compare(json.RawMessage(claim), json.RawMessage(`{"TaskId":"t","Status":"FINISH","FileId":"1","SessionContext":"mine","Task":{"Input":{"TaskId":"7"}}}`)); err == nil {
			t.Errorf("%s agrees", claim)
		}
	}
	if err := reconcile.Compare(json.RawMessage(`{"STATUS":"FINISH","fileid":"1"}`), json.RawMessage(`{"Status":"FINISH","FileId":"1"}`)); err != nil {
		t.Error(err)
	}
}

// What a browser takes for a URL is compared as one, however it is spelled.
func TestCompareURLsInAnySpelling(t *testing.T) {
	const answer = `{"Status":"FINISH","Output":{"Url":"https://h.example.com/a.mp4?sign=1","ImageUrlSet":["https://h.example.com/1.jpg"],"Path":"https://h.example.com/b"}}`
	for claim, agrees := range map[string]bool{
		`{"Output":{"Url":"https://h.example.com/a.mp4?sign=2"}}`:      true,
		`{"Output":{"Url":"","ImageUrlSet":[],"Path":""}}`:             true,
		`{"Output":{"Url":" https://forged.example.com/a.mp4"}}`:       false,
		`{"Output":{"Url":"//forged.example.com/a.mp4"}}`:              false,
		`{"Output":{"Url":"ftp://forged.example.com/a.mp4"}}`:          false,
		`{"Output":{"CoverUrl":"\thttps://forged.example.com/c.jpg"}}`: false,
		`{"Output":{"ImageUrlSet":["\\\\forged.example.com\\1.jpg"]}}`: false,
		`{"Output":{"Path":"\nhttps://forged.example.com/b"}}`:         false,
		`{"Output":{"Name":"a //name of no matter","Path":null}}`:      true,
	} {
		if err := reconcile.Compare(json.RawMessage(claim), json.RawMessage(answer)); agrees != (err == nil) {
			t.Errorf("%s: %v", claim, err)
		}
	}
}

// No event agrees with an answer whose ids or URLs it does not have, and each agrees
// with itself.
func FuzzCompare(f *testing.F) {
	f.Add(truth, truth)
	f.Add(`{"FileId":1,"a":[{"FileId":2}]}`, `{"FileId":"1","A":[{"fileid":2},3]}`)
	f.Fuzz(func(t *testing.T, a, b string) {
		if !json.Valid([]byte(a)) || !json.Valid([]byte(b)) || !strings.HasPrefix(a, "{") || !strings.HasPrefix(b, "{") {
			return
		}
		err := reconcile.Compare(json.RawMessage(a), json.RawMessage(a))
		if err != nil && !strings.Contains(err.Error(), "twice") {
			t.Errorf("%s differs from itself: %v", a, err)
		}
		if err == nil && reconcile.Compare(json.RawMessage(a), json.RawMessage(b)) == nil {
			for _, forged := range []string{`"ForgedFileId":"forged"`, `"ForgedUrl":" https://forged"`, `"forgedurlset":["//forged"]`, `"forged":"HTTP://forged"`} {
				with := strings.Replace(a, "{", "{"+forged+",", 1)
				with = strings.Replace(with, ",}", "}", 1)
				if reconcile.Compare(json.RawMessage(with), json.RawMessage(b)) == nil && !strings.Contains(strings.ToLower(b), "forged") {
					t.Errorf("%s agrees with %s", with, b)
				}
			}
		}
	})
}

// A long value is cut between two characters.
func TestCompareCutsNoCharacter(t *testing.T) {
	t.Parallel()
	long := "u" + strings.Repeat("é", 99)
	err := reconcile.Compare([]byte(strings.Replace(truth, "user 7", long, 1)), []byte(truth))
	if want := `not "u` + strings.Repeat("é", 79) + `…"`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}
