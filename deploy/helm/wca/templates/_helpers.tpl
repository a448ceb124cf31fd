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

{{- define "wca.image" -}}
{{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
{{- end }}

{{- define "wca.hasAppArmorField" -}}
{{- if semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version }}yes{{ end -}}
{{- end }}

{{- define "wca.securityContext" -}}
runAsUser: 0
runAsGroup: 0
privileged: false
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
{{- if and .Values.features.rdt (include "wca.hasAppArmorField" .) }}
# The profiles of the runtimes deny to write below /sys, except for cgroups.
appArmorProfile: {type: Unconfined}
{{- end }}
capabilities:
  drop: [ALL]
  add: {{ include "wca.capabilities" . }}
{{- end }}

{{- define "wca.volumeMounts" -}}
{{- $features := .Values.features -}}
- {name: config, mountPath: /etc/wca, readOnly: true}
- {name: state, mountPath: /var/lib/wca}
- {name: cgroup, mountPath: /sys/fs/cgroup, readOnly: {{ not $features.allocation }}}
{{- if $features.allocation }}
- {name: journal, mountPath: /run/wca}
{{- end }}
{{- if $features.rdt }}
- {name: resctrl, mountPath: /sys/fs/resctrl}
{{- end }}
{{- if $features.names }}
{{- range $number, $directory := .Values.nameDirectories }}
- {name: names-{{ $number }}, mountPath: {{ $directory }}, readOnly: true}
{{- end }}
{{- end }}
{{- if .Values.tokenSecret }}
- {name: token, mountPath: /var/run/secrets/wca, readOnly: true}
{{- end }}
{{- end }}

{{- define "wca.config" -}}
{{- if .Values.config -}}
{{ .Values.config }}
{{- else -}}
agent:
  interval: {{ .Values.interval }}
  extra_labels: {host: !Env NODE_NAME}
{{- with .Values.agent }}
{{ . | trim | indent 2 }}
{{- end }}
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
