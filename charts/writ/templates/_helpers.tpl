{{/* Names are fixed: the kinds of Writ belong to the whole cluster, so there is one installation in it. */}}
{{- define "writ.name" -}}writ-controller{{- end }}

{{- define "writ.selector" -}}
app.kubernetes.io/name: writ
app.kubernetes.io/component: controller
{{- end }}

{{- define "writ.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (replace "+" "_" .Chart.Version) }}
app.kubernetes.io/name: writ
app.kubernetes.io/part-of: writ
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "writ.controllerLabels" -}}
{{ include "writ.labels" . }}
app.kubernetes.io/component: controller
{{- end }}

{{/* Takes (dict "image" IMAGE "root" $): repository, then the digest, else the tag, else the release of the chart. */}}
{{- define "writ.image" -}}
{{- $version := .image.tag | default .root.Chart.AppVersion -}}
{{- if .image.digest -}}{{ .image.repository }}@{{ .image.digest }}{{- else -}}{{ .image.repository }}:{{ $version }}{{- end -}}
{{- end }}

{{- define "writ.controllerImage" -}}
{{ include "writ.image" (dict "image" .Values.image "root" .) }}
{{- end }}

{{/* What is injected: an image of its own, else that of the controller. */}}
{{- define "writ.sidecarImage" -}}
{{- $own := .Values.injection.image -}}
{{ include "writ.image" (dict "image" (ternary $own .Values.image (ne $own.repository "")) "root" .) }}
{{- end }}

{{- define "writ.egressImage" -}}
{{ include "writ.image" (dict "image" .Values.injection.egress.image "root" .) }}
{{- end }}

{{/* The namespace whose policies hold in all others. */}}
{{- define "writ.systemNamespace" -}}
{{ .Values.systemNamespace | default .Release.Namespace }}
{{- end }}

{{- define "writ.keysSecret" -}}
{{ .Values.keys.existingSecret | default "writ-keys" }}
{{- end }}

{{/* Whether the database is in the pod itself. */}}
{{- define "writ.embedded" -}}
{{- if not .Values.database.existingSecret -}}yes{{- end -}}
{{- end }}

{{/* Whether anything calls the controller's webhooks. */}}
{{- define "writ.hooked" -}}
{{- if or .Values.webhooks.validating.enabled .Values.injection.enabled -}}yes{{- end -}}
{{- end }}

{{/* The Secret in which the controller keeps its own certificates, or cert-manager puts them. */}}
{{- define "writ.certificateSecret" -}}writ-webhook-certificates{{- end }}

{{- define "writ.serviceHost" -}}
{{ include "writ.name" . }}.{{ .Release.Namespace }}.svc
{{- end }}

{{/* Where sidecars reach the controller. */}}
{{- define "writ.controllerUrl" -}}
http://{{ include "writ.serviceHost" . }}:7400
{{- end }}

{{/* The kinds that people write; a test holds this list against the schemas. */}}
{{- define "writ.kinds" -}}
- accesspolicies
- agents
- approvalworkflows
- budgets
- modelproviders
- notificationchannels
- policysources
- teams
- toolservers
- users
{{- end }}

{{- define "writ.injectionFile" -}}
image: {{ include "writ.sidecarImage" . }}
pullPolicy: {{ (ternary .Values.injection.image .Values.image (ne .Values.injection.image.repository "")).pullPolicy }}
controller: {{ include "writ.controllerUrl" . }}
secrets: {{ .Values.injection.secrets | quote }}
{{- with .Values.injection.telemetry }}
telemetry: {{- toYaml . | nindent 2 }}
{{- end }}
resources: {{- toYaml .Values.injection.resources | nindent 2 }}
egress:
  lockAll: {{ .Values.injection.egress.lockAll }}
  image: {{ include "writ.egressImage" . }}
{{- end }}
