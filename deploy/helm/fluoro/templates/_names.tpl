{{/* The release's name, with the chart's unless it is in there. */}}
{{- define "fluoro.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "fluoro.agentName" -}}
{{ include "fluoro.name" . }}-agent
{{- end -}}

{{/* What selects the pods of a part: dict "root" . "part" "server". */}}
{{- define "fluoro.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .part }}
{{- end -}}

{{- define "fluoro.labels" -}}
{{ include "fluoro.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "fluoro.image" -}}
{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end -}}

{{/* Both parts run as uid 10001 with nothing beyond. */}}
{{- define "fluoro.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "fluoro.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* What a probe of the server asks: dict "root" . "path" "/healthz". */}}
{{- define "fluoro.probe" -}}
httpGet:
  path: {{ .path }}
  port: http
  {{- if .root.Values.server.tlsSecret }}
  scheme: HTTPS
  {{- end }}
{{- end -}}

{{/* Where pods may run: the values of a part. */}}
{{- define "fluoro.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* The agent's configuration file. */}}
{{- define "fluoro.agentConfig" -}}
{{- $sendTo := .Values.agent.sendTo -}}
{{- if and (not $sendTo) .Values.server.enabled -}}
{{- $scheme := empty .Values.server.tlsSecret | ternary "http" "https" -}}
{{- $sendTo = list (printf "%s://%s:2000" $scheme (include "fluoro.name" .)) -}}
{{- end -}}
{{- $address := "0.0.0.0:2000" -}}
{{- $config := dict "Socket" (dict "UDPAddress" $address "TCPAddress" $address) "Version" 2 -}}
{{- if $sendTo -}}
{{- $_ := set $config "Endpoints" $sendTo -}}
{{- end -}}
{{- with .Values.agent.region -}}
{{- $_ := set $config "Region" . -}}
{{- end -}}
{{- mergeOverwrite $config .Values.agent.config | toYaml -}}
{{- end -}}
