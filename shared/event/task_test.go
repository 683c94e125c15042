package event_test

import (
	"testing"

	"vodevents/shared/event"
)

// The members of DescribeTaskDetail as its page lists them, each with the event
// that has the same payload.
func TestTaskMembers(t *testing.T) {
	want := map[string]string{
		"ProcedureStateChanged":                        "ProcedureTask",
		"PullComplete":                                 "PullUploadTask",
		"EditMediaComplete":                            "EditMediaTask",
		"SplitMediaComplete":                           "SplitMediaTask",
		"ComposeMediaComplete":                         "ComposeMediaTask",
		"RebuildMediaComplete":                         "RebuildMediaTask",
		"QualityInspectComplete":                       "QualityInspectTask",
		"QualityEnhanceComplete":                       "QualityEnhanceTask",
		"ReviewAudioVideoComplete":                     "ReviewAudioVideoTask",
		"DescribeFileAttributesComplete":               "DescribeFileAttributesTask",
		"ExtractTraceWatermarkComplete":                "ExtractTraceWatermarkTask",
		"ExtractCopyRightWatermarkComplete":            "ExtractCopyRightWatermarkTask",
		"ComplexAdaptiveDynamicStreamingComplete":      "ComplexAdaptiveDynamicStreamingTask",
		"WechatPublishComplete":                        "WechatPublishTask",
		"WechatMiniProgramPublishComplete":             "WechatMiniProgramPublishTask",
		"RemoveWatermark":                              "RemoveWatermarkTask",
		"ReduceMediaBitrateComplete":                   "ReduceMediaBitrateTask",
		"TranscodeComplete":                            "TranscodeTask",
		"ConcatComplete":                               "ConcatTask",
		"ClipComplete":                                 "ClipTask",
		"CreateImageSpriteComplete":                    "CreateImageSpriteTask",
		"CreateSnapshotByTimeOffsetComplete":           "SnapshotByTimeOffsetTask",
		"ProcessMediaByMPSComplete":                    "ProcessMediaByMPSTask",
		"ExtractBlindWatermarkComplete":                "ExtractBlindWatermarkTask",
		"AigcImageTaskComplete":                        "AigcImageTask",
		"AigcVideoTaskComplete":                        "AigcVideoTask",
		"AigcHunyuan3DTaskComplete":                    "AigcHunyuan3DTask",
		"SceneAigcImageCompleteEvent":                  "SceneAigcImageTask",
		"CreateAigcAdvancedCustomElementCompleteEvent": "CreateAigcAdvancedCustomElementTask",
		"CreateAigcCustomVoiceCompleteEvent":           "CreateAigcCustomVoiceTask",
		"DescribeAigcFaceInfoAsyncComplete":            "DescribeAigcFaceInfoAsyncTask",
		"ProcessImageAsyncCompleteEvent":               "ProcessImageAsyncTask",
		"NewFileUpload":                                "",
		"FileDeleted":                                  "",
		"RestoreMediaComplete":                         "",
		"MediaCastStatusChanged":                       "",
		"PersistenceComplete":                          "",
	}
	for _, k := range event.Kinds {
		member, ok := want[k.Type]
		if got := k.TaskMember(); !ok || got != member {
			t.Errorf("%s: %q, want %q", k.Type, got, member)
		}
	}
}
