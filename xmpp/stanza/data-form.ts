// Data forms: fields out, values in. XEP-0004.
import { Element } from "ltx";

/** Namespace of data forms. */
export const NS_DATA_FORMS = "jabber:x:data";

/** A field of a form that is shown, or of a result. */
export interface FormField {
  readonly name: string;
  readonly type?: "boolean" | "hidden" | "jid-multi" | "jid-single" | "text-multi" | "text-private" | "text-single";
  readonly label?: string;
  readonly required?: boolean;
  readonly values?: readonly string[];
}

/** A form to fill in, or a result. */
export interface Form {
  readonly type: "form" | "result";
  readonly title?: string;
  readonly instructions?: string;
  readonly fields: readonly FormField[];
}

/** The form as XML. */
export function formElement(form: Form): Element {
  const x = new Element("x", { xmlns: NS_DATA_FORMS, type: form.type });
  if (form.title !== undefined) x.c("title").t(form.title);
  if (form.instructions !== undefined) x.c("instructions").t(form.instructions);
  for (const { name, type, label, required, values } of form.fields) {
    const field = x.c("field", { var: name });
    if (type !== undefined) field.attrs.type = type;
    if (label !== undefined) field.attrs.label = label;
    if (required === true) field.c("required");
    for (const value of values ?? []) field.c("value").t(value);
  }
  return x;
}

/** Values of a submitted form by field; a map, so that no field name of the network can be special. */
export function submittedValues(x: Element): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, readonly string[]>();
  for (const field of x.getChildren("field", NS_DATA_FORMS))
    values.set(
      field.attrs.var ?? "",
      field.getChildren("value", NS_DATA_FORMS).map((value) => value.getText()),
    );
  return values;
}
