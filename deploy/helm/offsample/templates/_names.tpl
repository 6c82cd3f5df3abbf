{{- define "offsample.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 55 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 55 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "offsample.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: worker
{{- end -}}

{{- define "offsample.gatewaySelector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: gateway
{{- end -}}

{{- define "offsample.valkeySelector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: valkey
{{- end -}}

{{- define "offsample.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "offsample.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "offsample.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "offsample.image" -}}
{{- $tag := .Values.image.tag | default (.Values.gpu.enabled | ternary "gpu" "cpu") -}}
{{- .Values.image.repository }}{{ with .Values.image.digest }}@{{ . }}{{ else }}:{{ $tag }}{{ end -}}
{{- end -}}

{{/* The events streams, by the names that the formula of the ScaledObject gives them. */}}
{{- define "offsample.streams" -}}
{{- $namespace := .Values.settings.OFFSAMPLE_NAMESPACE | default "offsample" -}}
high: {{ printf "%s:events:high" $namespace | quote }}
normal: {{ printf "%s:events" $namespace | quote }}
low: {{ printf "%s:events:low" $namespace | quote }}
{{- end -}}

{{/* Egress rules of pods that talk to the server. */}}
{{- define "offsample.serverEgress" -}}
- ports: # names
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
- ports: # the server
    - {port: {{ .Values.networkPolicy.server.port }}, protocol: TCP}
  {{- if .Values.valkey.enabled }}
  to:
    - podSelector:
        matchLabels:
          {{- include "offsample.valkeySelector" . | nindent 10 }}
  {{- else }}
  {{- with .Values.networkPolicy.server.peers }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end -}}
