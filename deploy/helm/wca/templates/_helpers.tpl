{{- define "wca.labels" -}}
app.kubernetes.io/name: wca
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "wca.selector" -}}
app.kubernetes.io/name: wca
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "wca.name" -}}
{{- if eq .Release.Name "wca" }}wca{{ else }}{{ printf "wca-%s" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* The capabilities that the features need, each once. */}}
{{- define "wca.capabilities" -}}
{{- $features := .Values.features -}}
{{- $all := list -}}
{{- if $features.processes }}{{ $all = concat $all (list "SYS_PTRACE" "DAC_READ_SEARCH" "DAC_OVERRIDE") }}{{ end -}}
{{- if $features.perf }}{{ $all = append $all "PERFMON" }}{{ end -}}
{{- if or $features.rdt $features.allocation }}{{ $all = append $all "DAC_OVERRIDE" }}{{ end -}}
{{- if $features.numa }}{{ $all = concat $all (list "SYS_NICE" "SYS_PTRACE") }}{{ end -}}
{{- $all | uniq | toJson -}}
{{- end }}

{{- define "wca.config" -}}
{{- if .Values.config -}}
{{ .Values.config }}
{{- else -}}
agent:
  interval: {{ .Values.interval }}
  extra_labels: {host: !Env NODE_NAME}
plugins:
{{- if .Values.features.pods }}
  k8s:
    kubeapi_host: !Env KUBERNETES_SERVICE_HOST
    kubeapi_port: !Env KUBERNETES_SERVICE_PORT
    node_name: !Env NODE_NAME
    monitored_namespaces: ["*"]
{{- else }}
  local: {}
{{- end }}
  prometheus:
    listen: {{ printf "%s:%v" .Values.listen (.Values.port | int) | quote }}
{{- if .Values.tokenSecret }}
    token_path: /var/run/secrets/wca/token
{{- end }}
{{- with .Values.plugins }}
{{ . | trim | indent 2 }}
{{- end }}
{{- end }}
{{- end }}
