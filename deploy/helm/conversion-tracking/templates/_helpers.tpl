{{- define "ct.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: conversion-tracking
{{- end }}

{{/* What tells the pods of a part: (dict "root" $ "part" "collector") */}}
{{- define "ct.selector" -}}
app.kubernetes.io/name: conversion-tracking
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end }}

{{- define "ct.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{- define "ct.secret" -}}
{{ required "existingSecret: name a Secret with the keys database-url and gateway-secret (docs/kubernetes.md)" .Values.existingSecret }}
{{- end }}

{{/* An environment variable out of the Secret: (dict "root" $ "name" "CT_..." "key" "...") */}}
{{- define "ct.secretEnv" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ include "ct.secret" .root }}
      key: {{ .key }}
{{- end }}

{{- define "ct.settings" -}}
{{- range $name, $value := .Values.settings }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{/* Where the queue is, where there is one */}}
{{- define "ct.queueEnv" -}}
{{- if .Values.queue.enabled }}
{{- include "ct.secretEnv" (dict "root" $ "name" "CT_QUEUE_URL" "key" "queue-url") }}
{{- end }}
{{- end }}

{{/* Where pods may run: the part's values */}}
{{- define "ct.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .topologySpreadConstraints }}
topologySpreadConstraints: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* As the restricted pod security standard wants it */}}
{{- define "ct.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "ct.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}
