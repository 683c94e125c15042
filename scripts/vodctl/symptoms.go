package main

import (
	"fmt"
	"io"
	"strings"

	"vodevents/scripts/policy"
)

// cause is one reason why events do not arrive as they should.
type cause struct {
	what string
	do   string
	docs []string // ids of Tencent's pages
}

// The causes. The doctor finds those that can be seen from outside.
var (
	causeSettings = cause{
		"a variable of the function has a bad value",
		"correct the variable that the message names, and deploy again; a GET of the callback URL and the result of pull show the message",
		[]string{"583/14570"},
	}
	causeEndpoint = cause{
		"the VOD API cannot be reached",
		"check VOD_ENDPOINT, the network and the proxy; for the real VOD leave VOD_ENDPOINT unset",
		[]string{"266/34184"},
	}
	causeKeys = cause{
		"the keys are missing, mistyped, disabled or expired",
		"on a host, set VOD_SECRET_ID and VOD_SECRET_KEY; on SCF, give the function an execution role (role in serverless.yml)",
		[]string{"583/32748", "583/32389"},
	}
	causeClock = cause{
		"the clock is off by minutes: VOD refuses signatures that are more than 5 minutes old or ahead, and a receiver refuses fresh callbacks as expired",
		"set the clock (NTP)",
		[]string{"266/31757"},
	}
	causeRights = cause{
		"the keys lack a right",
		"allow the user or role vod:PullEvents and vod:ConfirmEvents (and for vodctl vod:DescribeEventConfig, vod:ModifyEventConfig and vod:DescribeEventsState) on qcs::vod::uin/…:subAppId/…; QcloudVODReadOnlyAccess probably cannot confirm",
		[]string{"266/39337", "598/70068"},
	}
	causeAskRights = cause{
		"the keys lack a right that CALLBACK_VERIFY=ask needs, so callbacks are parked as unverified",
		"allow the user or role " + strings.Join(policy.Ask, " and ") + " on qcs::vod::uin/…:subAppId/…, as ./scripts/deploy -api -role does; then vodctl replay what was parked",
		[]string{"266/39337", "598/70068"},
	}
	causeReconcileRights = cause{
		"the keys lack a right that reconcile needs",
		"if you use it, allow the user or role " + strings.Join(policy.Reconcile, ", ") + " on qcs::vod::uin/…:subAppId/…",
		[]string{"266/39337", "598/70068"},
	}
	causeInactive = cause{
		"VOD is not activated for the account of these keys, or the application belongs to another account",
		"activate VOD in the console, or use the keys of the right account; check VOD_SUB_APP_IDS",
		[]string{"266/33433"},
	}
	causeSubAppId = cause{
		"SubAppId is missing or wrong: accounts that activated VOD since 2023-12-25 must name even their default application",
		"set VOD_SUB_APP_IDS to the IDs that the console lists under Application Management",
		[]string{"266/33433"},
	}
	causeAPI = cause{
		"VOD refused the call",
		"do what the message says; if that does not help, give the RequestId to Tencent's support",
		[]string{"266/33433"},
	}
	causeStrange = cause{
		"VOD gave a strange answer",
		"VOD can be reached; see whether there is a newer release of this project",
		[]string{"266/48758"},
	}
	causeModePull = cause{
		"mode is PULL, so VOD sends no callbacks",
		"vodctl config set -mode push -url URL, or use the function pull",
		[]string{"266/33948", "266/33949"},
	}
	causeModePush = cause{
		"mode is PUSH, so nothing comes into the queue",
		"vodctl config set -mode pull, or use the function callback",
		[]string{"266/33948", "266/33949"},
	}
	causeNoURL = cause{
		"mode is PUSH and VOD has no URL, so events go nowhere",
		"vodctl config set -url URL",
		[]string{"266/33948"},
	}
	causeOtherURL = cause{
		"VOD sends to another URL",
		"vodctl config set -url URL",
		[]string{"266/33948"},
	}
	causeSource = cause{
		"callbacks of this application have a different source from its pulled events, so one media can have two rows",
		"vodctl config set -sub-app-id ID -url URL?app=ID, for each application of VOD_SUB_APP_IDS",
		nil,
	}
	causeSwitch = cause{
		"the switch for this kind of event is OFF, which is the default",
		"vodctl config set -upload on -delete on -persistence on, for the kinds that you need",
		[]string{"266/33781"},
	}
	causeRecent = cause{
		"the configuration was changed less than about 10 minutes ago",
		"wait",
		nil, // only the README of tencentyun/vod-xiaoshipin-server says so
	}
	causePrivate = cause{
		"the URL leads to a private address, which VOD cannot reach",
		"use the function URL's public form: set netConfig.enableExtranet to true in serverless.yml; the host's name has no .in. in it",
		[]string{"583/96099"},
	}
	causeUnreachable = cause{
		"nothing answers at the URL",
		"check the address, the certificate and the firewall; on SCF, check that the function URL exists: a deployment without the http trigger switches it off",
		[]string{"583/96099", "1154/43228"},
	}
	causeHTTP = cause{
		"the URL is not HTTPS: anybody on the network path can read events, and forge others with their signature, which does not cover the body",
		"use an https:// URL; a function URL is one",
		[]string{"266/7829"},
	}
	causeSlow = cause{
		"the URL takes too long: VOD gives up after 5 s and sends again, at most twice",
		"check that SINK is up and fast; look at the function's Duration in its log, and at cold starts",
		[]string{"266/7829"},
	}
	causeAnswer = cause{
		"what answers at the URL is not this project's callback, or something stands in front of it",
		"check path and host; a function URL needs authType NONE, because VOD cannot sign for CAM",
		[]string{"583/96099"},
	}
	causeNoKey = cause{
		"callbacks are not signed: whoever knows the URL can send events",
		"set CALLBACK_SIGN_KEY, deploy, then vodctl config set -sign-key env; if it should stay open, say -open",
		[]string{"ModifyEventConfig"},
	}
	causeOpen = cause{
		"the receiver takes unsigned callbacks although there is a sign key: it runs without CALLBACK_SIGN_KEY",
		"deploy with CALLBACK_SIGN_KEY set",
		[]string{"ModifyEventConfig"},
	}
	causeKey = cause{
		"the receiver has another sign key",
		"set the same CALLBACK_SIGN_KEY here and there, deploy, then vodctl config set -sign-key env so that VOD has it too",
		[]string{"ModifyEventConfig"},
	}
	causeKeyUnknown = cause{
		"the receiver has a sign key that is not known here, so it cannot be tried",
		"set CALLBACK_SIGN_KEY here too and run vodctl doctor again",
		[]string{"ModifyEventConfig"},
	}
	causeVODKey = cause{
		"VOD signs with no key, or with another key than the receiver's",
		"vodctl config set -sign-key env; VOD does not show the key it has, so set it again",
		[]string{"ModifyEventConfig"},
	}
	causeBacklog = cause{
		"events wait in the queue and are not confirmed",
		"read the result of the function pull: left counts what failed, and stopped: sink means that SINK is down; if there is no result, look at the timer; events wait for 4 days at most",
		[]string{"266/33433", "266/48758"},
	}
	causeSilence = cause{
		"no event has come for a long time",
		"upload a file and see whether its event comes; if not, look at the other findings: mode, switches, URL, keys and timer",
		[]string{"266/33950"},
	}
	causeTable = cause{
		"the table of a SINK cannot be read",
		"allow this user SELECT, or run this where the database can be reached; a table is made with its first event",
		nil,
	}
	causeStranded = cause{
		"events wait in the queue from a time when mode was PULL",
		"run the function pull once, or vodctl pull -confirm; they wait for 4 days at most",
		[]string{"266/33433"},
	}
	causeTimer = cause{
		"the timer does not fire: it was made without enable: true, or its cron expression was written for another time zone than UTC+8",
		"compare the timer in the console with serverless.yml",
		[]string{"583/9708", "1154/43228"},
	}
	causeRival = cause{
		"somebody else pulls from the same queue, such as vodctl pull or a second deployment; each event comes to one of them",
		"stop the other, or read its log",
		[]string{"266/33433"},
	}
	causeLate = cause{
		"events are confirmed more than 30 s after their pull, or not at all because the handler or a sink fails",
		"look for \"event left\" and \"sink is down\" in the log; make the handler faster; set DEAD_LETTER, so that what fails MAX_ATTEMPTS times is parked",
		[]string{"266/33433", "266/33434"},
	}
	causeResend = cause{
		"a callback took over 5 s and was sent again, or one event came to two instances that share no memory",
		"set DEDUP=postgres://… or mysql://…; with such a SINK the table alone is enough",
		[]string{"266/7829"},
	}
	causeMany = cause{
		"they are not repetitions: with TasksNotifyMode Change, ProcessMedia sends an event for each sub-task, all with the same TaskId",
		"look at Status; handle FINISH only, or ask for Finish",
		[]string{"266/33950"},
	}
	causeStdout = cause{
		"SINK is not set, so events go to stdout, which on SCF is the log",
		"set SINK and deploy",
		[]string{"583/14570"},
	}
	causeUnwanted = cause{
		"no entry of SINK wants these kinds of events; they go through the handler, are counted as unwanted and are dropped",
		"add them to a types= in SINK, or add an entry without types=; leave it if that is what you want",
		nil,
	}
	causeStrangeType = cause{
		"types= names a kind of event that this release does not know: it is mistyped, or newer",
		"compare it with the kinds that vodctl schema lists",
		[]string{"266/33433"},
	}
	causeParked = cause{
		"they failed for good and were parked: in DEAD_LETTER or, without one, in the log at level error",
		"read parkreason and parklasterror, remove the cause, then vodctl replay FILE or, if DEAD_LETTER is a database, vodctl replay -from env:DEAD_LETTER -parked",
		nil,
	}
	causeSubTask = cause{
		"that is the deprecated ErrCode at the top; the sub-tasks have their own",
		"read ErrCode of each member of MediaProcessResultSet",
		[]string{"266/33950"},
	}
)

// symptoms are what a user sees and what may cause it, the likeliest cause first.
var symptoms = []struct {
	seen   string
	causes []cause
}{
	{"Nothing arrives at all", []cause{causeRecent, causeSubAppId, causeKeys, causeRights, causeInactive, causeClock, causeEndpoint, causeSettings}},
	{"The log says that no event came for longer than ALERT_SILENCE", []cause{causeSilence, causeModePull, causeModePush, causeTimer, causeRival}},
	{"Uploads or deletions do not arrive, other events do", []cause{causeSwitch}},
	{"callback gets nothing", []cause{causeModePull, causeNoURL, causeOtherURL, causePrivate, causeUnreachable, causeAnswer}},
	{"pull finds the queue empty", []cause{causeModePush, causeTimer, causeRival}},
	{"callback answers 401", []cause{causeVODKey, causeKey, causeClock}},
	{"callback answers 200 to anybody", []cause{causeNoKey, causeOpen, causeHTTP}},
	{"callback answers 500", []cause{causeSettings, causeSource}},
	{"callback answers 503, or callbacks come up to three times", []cause{causeSlow}},
	{"Callbacks are parked with the reason unverified", []cause{causeAskRights, causeKeys, causeEndpoint}},
	{"vodctl reconcile, or pull with the argument reconcile, fails with UnauthorizedOperation", []cause{causeReconcileRights}},
	{"pull fails with AuthFailure or UnauthorizedOperation", []cause{causeKeys, causeRights, causeClock}},
	{"The queue grows", []cause{causeBacklog, causeLate, causeTimer, causeStranded}},
	{"The same events come every 30 s", []cause{causeRights, causeLate}},
	{"One media has two rows", []cause{causeSource}},
	{"Events come twice", []cause{causeResend, causeMany}},
	{"Events are in the log and not in the sink", []cause{causeStdout, causeParked}},
	{"Events of some kinds are in no sink", []cause{causeUnwanted, causeStrangeType, causeSwitch}},
	{"A procedure has ErrCode 40000 although all went well", []cause{causeSubTask}},
}

// symptomsMarkdown is the page of symptoms in this folder's README.md.
func symptomsMarkdown() string {
	var b strings.Builder
	for _, s := range symptoms {
		fmt.Fprintf(&b, "### %s\n\n", s.seen)
		for _, c := range s.causes {
			what := strings.ToUpper(c.what[:1]) + c.what[1:]
			do := strings.ToUpper(c.do[:1]) + c.do[1:]
			if strings.HasPrefix(c.do, "vodctl ") {
				do = c.do // a command
			}
			fmt.Fprintf(&b, "- **%s.** %s.", what, do)
			for i, id := range c.docs {
				if i == 0 {
					b.WriteString(" See ")
				} else {
					b.WriteString(", ")
				}
				b.WriteString(docLink(id))
			}
			if len(c.docs) > 0 {
				b.WriteString(".")
			}
			b.WriteString("\n")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// docLink is a page of Tencent's, which has a number, or an action of the API.
func docLink(id string) string {
	if !strings.Contains(id, "/") {
		return id
	}
	return fmt.Sprintf("[%s](https://cloud.tencent.com/document/product/%s)", id, id)
}

// printSymptoms prints the page for a terminal.
func printSymptoms(w io.Writer) {
	for i, s := range symptoms {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, s.seen)
		for _, c := range s.causes {
			fmt.Fprintln(w, "  -"+wrap(c.what, "    ", 80)[3:])
			fmt.Fprintln(w, wrap(c.advice(), "    ", 80))
		}
	}
}

// advice is what to do, with the pages that say more.
func (c cause) advice() string {
	advice := "→ " + c.do
	if len(c.docs) > 0 {
		advice += " (" + strings.Join(c.docs, ", ") + ")"
	}
	return advice
}
