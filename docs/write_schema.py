"""Write docs/call-record.schema.json from the model. Run it after a change of the stored shape."""

import json
from pathlib import Path

from flows_analytics import CallRecord

schema = CallRecord.model_json_schema(mode="serialization")
target = Path(__file__).with_name("call-record.schema.json")
target.write_text(json.dumps(schema, indent=1) + "\n", encoding="utf-8")
