package main

import (
	"fmt"
	"slices"

	"vodevents/scripts/internal/scfapi"
)

// triggerChange is one write to a trigger.
type triggerChange struct {
	action string // create, update or delete
	write  scfapi.WriteTrigger
	old    scfapi.Trigger
}

// planTriggers compares the triggers. It never deletes a function URL: a new one may
// have another address, and VOD would still call the old one. It leaves alone triggers
// that somebody made by hand.
func planTriggers(w *function, have []scfapi.Trigger) (changes []triggerChange) {
	for _, t := range w.triggers {
		i := slices.IndexFunc(have, func(h scfapi.Trigger) bool { return sameTrigger(t, h) })
		if i < 0 {
			changes = append(changes, triggerChange{action: "create", write: t})
			continue
		}
		t.TriggerName, t.Qualifier = have[i].TriggerName, have[i].Qualifier // as they are there
		if triggerDiffers(t, have[i]) {
			if t.Type == "timer" && t.CustomArgument == nil {
				t.CustomArgument = new(string) // if it were left out, the old one would stay
			}
			changes = append(changes, triggerChange{"update", t, have[i]})
		}
	}
	for _, h := range have {
		ours := h.Description == triggerMark && h.Type != "http"
		if ours && !slices.ContainsFunc(w.triggers, func(t scfapi.WriteTrigger) bool { return sameTrigger(t, h) }) {
			changes = append(changes, triggerChange{action: "delete", old: h})
		}
	}
	return changes
}

// sameTrigger tells whether a wanted trigger is this one. A function has one URL,
// whatever its name.
func sameTrigger(t scfapi.WriteTrigger, h scfapi.Trigger) bool {
	return t.Type == h.Type && (t.TriggerName == h.TriggerName || t.Type == "http")
}

func triggerDiffers(t scfapi.WriteTrigger, h scfapi.Trigger) bool {
	if h.Enable != 1 {
		return true
	}
	if t.Type == "timer" {
		return h.Cron() != t.TriggerDesc || h.CustomArgument != t.Argument()
	}
	want := scfapi.Trigger{TriggerDesc: t.TriggerDesc}.HTTP()
	got := h.HTTP()
	got.NetConfig.ExtranetUrl = ""
	return got != want
}

// String describes a change of a trigger.
func (c triggerChange) String() string {
	if c.action == "delete" {
		return c.old.Type + " " + c.old.TriggerName
	}
	text := c.write.Type + " " + c.write.TriggerName
	if c.write.Type == "timer" {
		if c.action == "update" && c.old.Cron() != c.write.TriggerDesc {
			text += ", " + c.old.Cron() + " →"
		}
		text += " " + c.write.TriggerDesc
		if argument := c.write.Argument(); c.action == "update" && argument != c.old.CustomArgument {
			text += fmt.Sprintf(", argument %q → %q", c.old.CustomArgument, argument)
		} else if argument != "" {
			text += fmt.Sprintf(", argument %q", argument)
		}
		return text + ", " + c.opens("disabled") + "enabled"
	}
	if was := c.old.HTTP(); c.action == "update" && was.AuthType != "NONE" {
		text += ", AuthType " + was.AuthType + " → NONE"
	}
	if was := c.old.HTTP().NetConfig; c.action == "update" && was.EnableIntranet {
		text += ", also in the intranet →"
	}
	if c.action == "update" && !c.old.HTTP().NetConfig.EnableExtranet {
		return text + ", no public URL → a public URL" + openToAll
	}
	return text + ", " + c.opens("closed") + "a public URL" + openToAll
}

const openToAll = ", open to all: CALLBACK_SIGN_KEY keeps others out"

// opens says that a closed trigger will be open. was is the word for closed.
func (c triggerChange) opens(was string) string {
	if c.action == "update" && c.old.Enable != 1 {
		return was + " → "
	}
	return ""
}
