import { create, createFileRegistry, type DescMessage } from '@bufbuild/protobuf'
import {
  type DescriptorProto,
  DescriptorProtoSchema,
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt'

/**
 * The messages of OTLP as far as Writ sends them, by opentelemetry-proto 1.x (trace.proto, metrics.proto, common.proto,
 * resource.proto and the collector services): number, name and type of every field. A star marks what is repeated.
 */
const messages: Readonly<Record<string, string>> = {
  ExportTraceServiceRequest: '1 resource_spans *ResourceSpans',
  ResourceSpans: '1 resource Resource, 2 scope_spans *ScopeSpans, 3 schema_url string',
  ScopeSpans: '1 scope InstrumentationScope, 2 spans *Span, 3 schema_url string',
  Span: `1 trace_id bytes, 2 span_id bytes, 3 trace_state string, 4 parent_span_id bytes, 16 flags fixed32, 5 name string,
    6 kind int32, 7 start_time_unix_nano fixed64, 8 end_time_unix_nano fixed64, 9 attributes *KeyValue,
    10 dropped_attributes_count uint32, 11 events *Event, 12 dropped_events_count uint32, 13 links *Link,
    14 dropped_links_count uint32, 15 status Status`,
  Event:
    '1 time_unix_nano fixed64, 2 name string, 3 attributes *KeyValue, 4 dropped_attributes_count uint32',
  Link: `1 trace_id bytes, 2 span_id bytes, 3 trace_state string, 4 attributes *KeyValue,
    5 dropped_attributes_count uint32, 6 flags fixed32`,
  Status: '2 message string, 3 code int32',
  ExportMetricsServiceRequest: '1 resource_metrics *ResourceMetrics',
  ResourceMetrics: '1 resource Resource, 2 scope_metrics *ScopeMetrics, 3 schema_url string',
  ScopeMetrics: '1 scope InstrumentationScope, 2 metrics *Metric, 3 schema_url string',
  Metric: `1 name string, 2 description string, 3 unit string, 5 gauge Gauge, 7 sum Sum, 9 histogram Histogram,
    12 metadata *KeyValue`,
  Gauge: '1 data_points *NumberDataPoint',
  Sum: '1 data_points *NumberDataPoint, 2 aggregation_temporality int32, 3 is_monotonic bool',
  Histogram: '1 data_points *HistogramDataPoint, 2 aggregation_temporality int32',
  NumberDataPoint: `7 attributes *KeyValue, 2 start_time_unix_nano fixed64, 3 time_unix_nano fixed64,
    4 as_double double, 6 as_int sfixed64, 8 flags uint32`,
  HistogramDataPoint: `9 attributes *KeyValue, 2 start_time_unix_nano fixed64, 3 time_unix_nano fixed64,
    4 count fixed64, 5 sum double, 6 bucket_counts *fixed64, 7 explicit_bounds *double, 10 flags uint32`,
  Resource: '1 attributes *KeyValue, 2 dropped_attributes_count uint32',
  InstrumentationScope: '1 name string, 2 version string, 3 attributes *KeyValue',
  KeyValue: '1 key string, 2 value AnyValue',
  AnyValue: `1 string_value string, 2 bool_value bool, 3 int_value int64, 4 double_value double,
    5 array_value ArrayValue, 7 bytes_value bytes`,
  ArrayValue: '1 values *AnyValue',
}

const scalars: Readonly<Record<string, Type>> = {
  string: Type.STRING,
  bytes: Type.BYTES,
  bool: Type.BOOL,
  int32: Type.INT32,
  uint32: Type.UINT32,
  int64: Type.INT64,
  fixed32: Type.FIXED32,
  fixed64: Type.FIXED64,
  sfixed64: Type.SFIXED64,
  double: Type.DOUBLE,
}

const registry = createFileRegistry(
  create(FileDescriptorSetSchema, {
    file: [
      create(FileDescriptorProtoSchema, {
        name: 'otlp.proto',
        package: 'otlp',
        syntax: 'proto3',
        messageType: Object.entries(messages).map(([name, fields]) => described(name, fields)),
      }),
    ],
  }),
)

function described(name: string, fields: string): DescriptorProto {
  return create(DescriptorProtoSchema, {
    name,
    field: fields.split(',').map(field => {
      const [number, name = '', of = ''] = field.trim().split(/\s+/)
      const type = of.replace('*', '')
      const scalar = scalars[type]
      return {
        name,
        jsonName: name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
        number: Number(number),
        label: of.startsWith('*') ? Label.REPEATED : Label.OPTIONAL,
        ...(scalar === undefined
          ? { type: Type.MESSAGE, typeName: `.otlp.${type}` }
          : { type: scalar }),
      }
    }),
  })
}

/** The description of a message of OTLP. */
export function otlpMessage(name: string): DescMessage {
  const found = registry.getMessage(`otlp.${name}`)
  if (found === undefined) throw new Error(`there is no message ${name}`)
  return found
}
