package event

import (
	"reflect"
	"slices"
	"strings"
)

// withoutTask are the kinds that tell of no task, so that DescribeTaskDetail knows
// nothing of them.
var withoutTask = []string{"NewFileUpload", "FileDeleted", "RestoreMediaComplete", "MediaCastStatusChanged", "PersistenceComplete"}

// TaskMember returns the member of DescribeTaskDetail's answer that holds the same
// payload as an event of this kind (266/34129): ProcedureTask for
// ProcedureStateChanged. It is empty if the kind tells of no task.
//
// The member of ProcessImageAsyncCompleteEvent has another shape than the event.
func (k Kind) TaskMember() string {
	if slices.Contains(withoutTask, k.Type) {
		return ""
	}
	name := strings.TrimSuffix(reflect.TypeOf(k.New()).Elem().Name(), "2017")
	return strings.TrimSuffix(name, "Task") + "Task"
}
