// Package operating_test runs the five troubles of README.md: the built functions and
// vodctl against the stand-in for VOD. What README.md quotes is what they wrote.
package operating_test

import (
	"testing"
	"time"

	"vodevents/shared/sink/postgres/pgtest"
	"vodevents/shared/vodfake"
)

const app = 1500000001

// upload and procedure are events as VOD sends them; the procedure has failed.
const (
	upload    = `{"EventType":"NewFileUpload","FileUploadEvent":{"FileId":"5285890784390000001","MediaBasicInfo":{"Name":"Tide","MediaUrl":"https://cdn.example.com/t/f0.mp4","SourceInfo":{"SourceType":"Upload"}}}}`
	procedure = `{"EventType":"ProcedureStateChanged","ProcedureStateChangeEvent":{"TaskId":"1500000001-Procedure-66t0","Status":"FINISH","ErrCode":0,"FileId":"5285890784390000001","MediaProcessResultSet":[{"Type":"Transcode","TranscodeTask":{"Status":"FAIL","ErrCodeExt":"UnsupportedContainer","ErrCode":40000,"Message":"the container cannot be read","Input":{"Definition":100020},"Output":null}}]}}`
)

func TestASinkIsStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sink")
	w.env["SINK"] = w.receiver.url()
	w.receiver.stop()
	w.queue(upload)
	pull := w.start("pull")
	w.show("the log of pull", pull.log(), `"level":"(WARN|ERROR)"|"msg":"invocation"`)
	w.show("its result", pull.result)
	w.alarms(pull.log())
	callback := w.serve()
	w.curl("/readyz", callback.get("/readyz"))
	w.show("the log of callback on a host", callback.logged("not ready"), "not ready")
	w.vod.FastForward(30 * time.Second) // the lease is over
	w.run("vodctl state")

	w.receiver.goOn()
	w.show("the result of pull, once the sink is back", w.start("pull").result)
	w.run("vodctl state", "wait")
	w.compare()
}

func TestACallbackIsParkedWhileASinkIsStopped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "callback")
	w.env["SINK"] = w.receiver.url()
	w.receiver.stop()
	callback := w.post(upload)
	w.show("the answer of callback", callback.result)
	w.show("its log", callback.log(), `sink is down|parked|"msg":"invocation"`)
	w.alarms(callback.log())
	w.receiver.goOn()
	w.file("callback.log", callback.log())
	w.run("vodctl replay callback.log")
	w.compare()
}

func TestAKeyIsRotated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "key")
	w.env["CALLBACK_SIGN_KEY"] = "oldkey0123456789"
	server := w.serve()
	w.configure(vodfake.EventConfig{Mode: vodfake.Push, NotificationUrl: server.url + "/callback", SignKey: "oldkey0123456789"})
	w.env["CALLBACK_SIGN_KEY"] = "newkey0123456789" // the deployment has it, VOD does not
	server = w.serve()
	w.show("the answer of callback", server.signed("oldkey0123456789", upload))
	w.show("its log", server.logged(`"msg":"invocation"`), `"msg":"(callback refused|invocation)"`)
	w.show("its /metrics", server.get("/metrics"), `vod_requests_total.*401`)
	w.alarms(server.log())
	w.env["CALLBACK_SIGN_KEY"] = "newkey0123456789,oldkey0123456789"
	server = w.serve()
	w.show("the answer with CALLBACK_SIGN_KEY=NEW,OLD", server.signed("oldkey0123456789", upload))
	w.configure(vodfake.EventConfig{Mode: vodfake.Push, NotificationUrl: server.url + "/callback", SignKey: "oldkey0123456789"})
	w.run("vodctl config set -sign-key env -yes")
	if key := w.vod.EventConfig(app).SignKey; key != "newkey0123456789" {
		t.Errorf("VOD signs with %q", key)
	}
	w.compare()
}

func TestASecretKeyIsRotated(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "secret")
	w.queue(upload)
	w.env["VOD_SECRET_KEY"] = "the-key-before"
	pull := w.start("pull")
	w.show("the function error of pull", pull.result)
	w.show("its log", pull.log(), `"level":"(WARN|ERROR)"|"msg":"invocation"`)
	w.alarms(pull.log())
	w.run("vodctl doctor", `^problem|→|^\d+ problem`)
	w.env["VOD_SECRET_KEY"] = vodfake.SecretKey
	w.vod.FastForward(30 * time.Second)
	w.show("the result of pull with the new key", w.start("pull").result)
	w.compare()
}

func TestAProcedureFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "procedure")
	w.env["SINK"] = pgtest.RunT(t).URL + "&media=vod_media"
	w.queue(upload)
	w.queue(procedure)
	pull := w.start("pull")
	w.show("the result of pull", pull.result)
	w.alarms(pull.log())
	w.run("vodctl media list -state failed")
	w.run("vodctl media 5285890784390000001")
	w.compare()
}

func TestVODFallsSilent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "silence")
	w.env["SINK"] = pgtest.RunT(t).URL + "&media=vod_media"
	w.env["ALERT_SILENCE"] = "1ms"
	w.queue(upload)
	w.start("pull")
	w.configure(vodfake.EventConfig{Mode: vodfake.Push}) // somebody changed it
	w.vod.FastForward(-2 * time.Hour)
	file := w.vod.Upload(app, vodfake.Upload{Name: "Dune"}) // no event comes of it
	w.masks = append(w.masks, file, "5285890784390000002")
	w.vod.FastForward(2 * time.Hour)
	pull := w.start("pull")
	w.show("the log of pull", pull.log(), `ALERT_SILENCE|"msg":"invocation"`)
	w.alarms(pull.log())
	w.curl("/metrics", w.serve().get("/metrics"), `^vod_seconds_since_last_event`)
	w.run("vodctl doctor", `^problem|→|^\d+ problem`)
	w.run("vodctl config set -mode pull -yes")
	if mode := w.vod.EventConfig(app).Mode; mode != vodfake.Pull {
		t.Errorf("mode is %v", mode)
	}
	w.run("vodctl reconcile -repair")
	w.compare()
}

func TestAnEventIsPoison(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "poison")
	w.env["SINK"] = w.receiver.url()
	w.env["DEAD_LETTER"] = "file:" + w.path("dead.jsonl")
	w.receiver.refuse.Store(true)
	w.queue(upload)
	pull := w.start("pull")
	w.show("the log of pull", pull.log(), `"level":"(WARN|ERROR)"|"msg":"invocation"`)
	w.show("its result", pull.result)
	w.alarms(pull.log())
	w.receiver.refuse.Store(false) // the receiver was fixed
	w.run("vodctl replay dead.jsonl")
	w.compare()
}
