package main

import (
	"fmt"
	"maps"
	"slices"
)

// openAPI returns the OpenAPI document: what the webhook sends, and the API of
// the local stand-in.
func (s *schema) openAPI() ([]byte, error) {
	const refs = "#/components/schemas/"
	holders := s.holders()
	webhooks, schemas := object{}, object{{"CloudEvent", cloudEvent()}}
	for _, k := range s.Events {
		if _, taken := s.Types[k.EventType]; taken {
			return nil, fmt.Errorf("%s is the name of both an event and a type", k.EventType)
		}
		webhooks = append(webhooks, member{k.EventType, webhook(k.EventType, fmt.Sprintf("%s (%s) happened.", k.EventType, s.page(k)), refs+k.EventType)})
		schemas = append(schemas, member{k.EventType, object{
			{"description", fmt.Sprintf("The CloudEvent of %s.", k.EventType)},
			{"allOf", []object{
				{{"$ref", refs + "CloudEvent"}},
				{{"properties", object{
					{"type", object{{"const", "com.tencent.cloud.vod." + k.EventType}}},
					{"data", s.dataSchema(k, refs)},
				}}},
			}},
		}})
	}
	webhooks = append(webhooks, member{"Other", webhook("Other", "An event of a kind that VOD has added since.", refs+"CloudEvent")})
	for _, name := range slices.Sorted(maps.Keys(s.Types)) {
		schemas = append(schemas, member{name, s.objectSchema(name, refs, holders)})
	}
	schemas = append(schemas, s.dev.Schemas...)
	return indent(object{
		{"openapi", "3.1.0"},
		{"info", object{
			{"title", "vodevents"},
			{"version", s.Source},
			{"description", "webhooks: what SINK=https://… posts for each event of Tencent Cloud VOD. paths: the API of the local stand-in, go run ./scripts/dev."},
		}},
		{"servers", []object{{{"url", "http://127.0.0.1:8080"}, {"description", "The local stand-in."}}}},
		{"paths", s.dev.Paths},
		{"webhooks", webhooks},
		{"components", object{
			{"parameters", append(signatureHeaders(), s.dev.Parameters...)},
			{"responses", s.dev.Responses},
			{"schemas", schemas},
		}},
	})
}

// webhook describes one kind's POST.
func webhook(name, summary, schema string) object {
	var headers []object
	for _, h := range signatureHeaders() {
		headers = append(headers, object{{"$ref", "#/components/parameters/" + h.name}})
	}
	answer := func(description string) object { return object{{"description", description}} }
	return object{{"post", object{
		{"operationId", "on" + name},
		{"summary", summary},
		{"parameters", headers},
		{"requestBody", object{
			{"required", true},
			{"content", object{{"application/cloudevents+json", object{{"schema", object{{"$ref", schema}}}}}}},
		}},
		{"responses", object{
			{"2XX", answer("Taken. The body is not read.")},
			{"400", answer("Refused for good, as are 413, 415 and 422: the event is parked.")},
			{"401", answer("Not set up, as are 403, 404, 405, 407, 408, 410, 421, 425 and 429: the event comes again.")},
			{"4XX", answer("Any other one is a failed attempt: the event comes again, and is parked after MAX_ATTEMPTS.")},
			{"5XX", answer("Down: the event comes again.")},
		}},
	}}}
}

// signatureHeaders are those of Standard Webhooks.
func signatureHeaders() object {
	header := func(name, description, pattern string) object {
		return object{
			{"name", name}, {"in", "header"}, {"description", description},
			{"schema", object{{"type", "string"}, {"pattern", pattern}}},
		}
	}
	return object{
		{"WebhookId", header("Webhook-Id", "The event's id, the same for each try. Sent where the URL of the sink has a secret, as are the other two headers.", "^[0-9a-f]{32}$")},
		{"WebhookTimestamp", header("Webhook-Timestamp", "When this try was signed, in seconds since 1970. Refuse what is older than 5 minutes.", "^[0-9]+$")},
		{"WebhookSignature", header("Webhook-Signature", "One or more signatures with a blank between them, of which one must match: \"v1,\" and in base64 the HMAC-SHA256 of Webhook-Id, a dot, Webhook-Timestamp, a dot and the bytes of the body. The key is the secret without \"whsec_\", decoded from base64. Standard Webhooks (standardwebhooks.com) has libraries for it.", "^v1,")},
	}
}

// cloudEvent describes the attributes that all events have.
func cloudEvent() object {
	text := func(description string, more ...member) object {
		return append(object{{"type", "string"}, {"description", description}}, more...)
	}
	return object{
		{"description", "CloudEvents 1.0, structured mode."},
		{"type", "object"},
		{"required", []string{"specversion", "id", "source", "type", "time", "datacontenttype", "vodmode", "data"}},
		{"properties", object{
			{"specversion", object{{"const", "1.0"}}},
			{"id", text("The same for each delivery of one event: drop what you have seen.", member{"pattern", "^[0-9a-f]{32}$"})},
			{"source", text("Ends with the SubAppId where it is known.", member{"pattern", "^/tencentcloud/vod(/[0-9]+)?$"})},
			{"type", text("com.tencent.cloud.vod. and VOD's EventType.", member{"pattern", "^com\\.tencent\\.cloud\\.vod\\."})},
			{"subject", text("FileId, else TaskId, else the first of FileIdSet, else absent.")},
			{"time", text("When it was received.", member{"format", "date-time"})},
			{"datacontenttype", object{{"const", "application/json"}}},
			{"dataschema", text("The JSON Schema of data, where SCHEMA_BASE is set.", member{"format", "uri"})},
			{"vodmode", text("How it came: by a callback, out of the queue, or out of a later comparison with VOD.", member{"examples", []string{"normal", "reliable", "reconciled"}})},
			{"vodverified", object{{"type", "boolean"}, {"description", "Whether VOD, when it was asked, said that the callback is true. Absent: it was not asked."}}},
			{"parkreason", text("Why the event was given up, in dead letters alone, as are the other attributes that begin with park.")},
			{"parkattempts", object{{"type", "integer"}, {"description", "Attempts that failed because of the event."}}},
			{"parkfirsterror", text("The first error.")},
			{"parklasterror", text("The last error.")},
			{"rawdata", text("In base64 the bytes that VOD sent, where they are not quite those of data: a string in them is no valid UTF-8.", member{"contentEncoding", "base64"})},
			{"data", object{{"description", "The event as VOD sent it. One that is no event is there as it came."}}},
		}},
	}
}
