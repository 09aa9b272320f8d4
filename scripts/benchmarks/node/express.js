// The least that a team writes by hand: Express, a Map, no validation, nothing kept on disk.
//
// node express.js PORT [FILE]; FILE is a JSON array of customers.
"use strict";

const fs = require("fs");
const { randomUUID } = require("crypto");
const express = require("express");

const [port, file] = process.argv.slice(2);
const customers = new Map((file ? JSON.parse(fs.readFileSync(file, "utf8")) : []).map((each) => [each.id, each]));
const app = express();
app.use(express.json());

const selected = (body, fields) =>
  fields === undefined ? body : Object.fromEntries(["id", "href", ...fields.split(",")].map((name) => [name, body[name]]));

const valueAt = (body, path) => path.split(".").reduce((here, name) => here?.[name], body);

const holds = (body, name, wanted) => {
  const [, path, operator] = /^(.*?)(?:\.(gte|lte))?$/.exec(name);
  const value = valueAt(body, path);
  if (operator === "gte") return Date.parse(value) >= Date.parse(wanted);
  if (operator === "lte") return Date.parse(value) <= Date.parse(wanted);
  return value === wanted;
};

app.get("/customer", (req, res) => {
  const { fields, offset = "0", limit, ...conditions } = req.query;
  let found = [...customers.values()];
  for (const [name, wanted] of Object.entries(conditions)) found = found.filter((body) => holds(body, name, wanted));
  const end = limit === undefined ? undefined : Number(offset) + Number(limit);
  res.set("X-Total-Count", String(found.length));
  res.json(found.slice(Number(offset), end).map((body) => selected(body, fields)));
});

app.post("/customer", (req, res) => {
  const id = randomUUID();
  const body = { ...req.body, id, href: `/customer/${id}` };
  customers.set(id, body);
  res.status(201).location(body.href).json(body);
});

app.get("/customer/:id", (req, res) => {
  const body = customers.get(req.params.id);
  return body ? res.json(selected(body, req.query.fields)) : res.status(404).json({ code: "404", reason: "Not found" });
});

app.patch("/customer/:id", (req, res) => {
  const body = customers.get(req.params.id);
  if (!body) return res.status(404).json({ code: "404", reason: "Not found" });
  const patched = { ...body, ...req.body };
  customers.set(body.id, patched);
  return res.json(patched);
});

app.delete("/customer/:id", (req, res) => res.status(customers.delete(req.params.id) ? 204 : 404).end());

app.listen(Number(port), "127.0.0.1");
