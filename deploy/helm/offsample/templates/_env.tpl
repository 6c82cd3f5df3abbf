{{/* The worker's variables; those of values.settings come last, and values.schema.json refuses the ones that are set here. */}}
{{- define "offsample.env" -}}
- {name: OFFSAMPLE_REDIS_URL_FILE, value: /run/secrets/offsample/worker.url}
- {name: OFFSAMPLE_HTTP_ADDRESS, value: "0.0.0.0:9400"}
- {name: OFFSAMPLE_DRAIN_SECONDS, value: {{ .Values.drainSeconds | quote }}}
{{- if not (hasKey .Values.settings "OFFSAMPLE_THREADS") }}
- {name: OFFSAMPLE_THREADS, valueFrom: {resourceFieldRef: {resource: requests.cpu}}} # not all cores of the node
{{- end }}
{{- if .Values.data.volume }}
- {name: OFFSAMPLE_ALLOWED_ROOTS, value: {{ .Values.data.path | quote }}}
{{- end }}
{{- if .Values.secret.metaspaceKey }}
- {name: OFFSAMPLE_METASPACE_API_KEY_FILE, value: /run/secrets/offsample/metaspace.key}
{{- end }}
{{- range $name, $value := .Values.settings }}
- {name: {{ $name }}, value: {{ kindIs "string" $value | ternary $value (toJson $value) | quote }}} # toString rounds 33554432
{{- end }}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end -}}
