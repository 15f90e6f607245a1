#!/usr/bin/env node
'use strict'
// Stand-in for the native Prisma "binary" query engine, for the Python client (PyPI prisma 0.15.0).
// It runs the WASM query engine of @prisma/client 5.17.0 behind the HTTP API of the binary engine
// and turns the GraphQL text the Python client sends into the engine's JSON protocol.
const COMMIT = '393aa359c9ad4a4bb28630fb5613f9c281cde053' // = expected_engine_version of prisma 0.15.0
if (process.argv.includes('--version')) {
  console.log(`query-engine ${COMMIT}`)
  process.exit(0)
}

const fs = require('fs')
const http = require('http')
const path = require('path')
// The npm packages lie where Prisma's command line is, not beside this file.
const packages = require('module').createRequire(path.join(process.env.PRISMA_BINARY_CACHE_DIR, 'package.json'))
const { parse } = packages('graphql')
const { bindAdapter } = packages('@prisma/driver-adapter-utils')

// ---------------------------------------------------------------- GraphQL text -> JSON protocol

function literal(node) {
  switch (node.kind) {
    case 'NullValue':
      return null
    case 'BooleanValue':
    case 'StringValue':
    case 'EnumValue':
      return node.value
    case 'FloatValue':
      return Number(node.value)
    case 'IntValue': {
      const n = Number(node.value)
      return Number.isSafeInteger(n) ? n : { $type: 'BigInt', value: node.value }
    }
    case 'ListValue':
      return node.values.map(literal)
    case 'ObjectValue':
      return Object.fromEntries(node.fields.map((f) => [f.name.value, literal(f.value)]))
    default:
      throw new Error(`Unsupported GraphQL value: ${node.kind}`)
  }
}

// The GraphQL protocol parses a string given for a Json field; the JSON protocol stores it as a JSON string
// unless it is tagged. So walk the arguments along the schema and tag the values of Json fields.
let models = {} // model -> field -> {type, list}
function readModels(schema) {
  for (const [, name, body] of schema.matchAll(/^\s*model\s+(\w+)\s*\{([^]*?)^\s*\}/gm)) {
    const fields = body.matchAll(/^\s*(\w+)\s+(\w+)(\[\])?/gm)
    models[name] = Object.fromEntries([...fields].map(([, f, type, list]) => [f, { type, list: !!list }]))
  }
}
const isObject = (v) => v !== null && typeof v === 'object' && !('$type' in v)
const mapValues = (o, fn) => Object.fromEntries(Object.entries(o).map(([k, v]) => [k, fn(k, v)]))
function tagJson(v) {
  if (typeof v === 'string') return { $type: 'Json', value: v }
  return Array.isArray(v) ? v.map(tagJson) : isObject(v) ? mapValues(v, (_, x) => tagJson(x)) : v
}
/** An object whose keys are fields of the model (or AND, OR, NOT, compound keys). */
function tagFields(v, model) {
  if (Array.isArray(v)) return v.map((x) => tagFields(x, model))
  if (!isObject(v)) return v
  return mapValues(v, (key, x) => {
    const field = models[model]?.[key]
    if (!field) return ['AND', 'OR', 'NOT'].includes(key) ? tagFields(x, model) : x
    if (field.type === 'Json') return tagJson(x)
    return models[field.type] ? tagOps(x, field.type, field.list) : x
  })
}
/** An object whose keys are operations: where, data, create, connect, update, some, is ... */
function tagOps(v, model, list) {
  if (Array.isArray(v)) return v.map((x) => tagOps(x, model, list))
  if (!isObject(v)) return v
  const nested = ['upsert', 'connectOrCreate', 'updateMany', 'createMany']
  return mapValues(v, (key, x) => {
    if (!isObject(x)) return x
    const deeper = nested.includes(key) || (key === 'update' && list) // {where, data} or {where, create, update}
    return deeper ? tagOps(x, model, false) : tagFields(x, model)
  })
}

function fieldQuery(field, model) {
  const args = Object.fromEntries(field.arguments.map((a) => [a.name.value, literal(a.value)]))
  return {
    arguments: model ? tagOps(args, model, false) : args,
    selection: Object.fromEntries(
      (field.selectionSet?.selections ?? []).map((s) => [
        s.name.value,
        s.selectionSet || s.arguments.length ? fieldQuery(s, models[model]?.[s.name.value]?.type) : true,
      ]),
    ),
  }
}

const ACTION =
  /^(?:(findUnique|findFirst)(\w+)(OrThrow)|(findUnique|findFirst|findMany|createOne|createMany|updateOne|updateMany|deleteOne|deleteMany|upsertOne|aggregate|groupBy)(\w+)|(queryRaw|executeRaw))$/

/** One GraphQL document with one root field -> {request, operation, alias} */
function translate(text) {
  const [definition, ...others] = parse(text, { noLocation: true }).definitions
  const [field, ...more] = definition.selectionSet.selections
  if (others.length || more.length) throw new Error('Expected exactly one operation with one field')
  const operation = field.name.value
  const m = ACTION.exec(operation)
  if (!m) throw new Error(`Unknown operation: ${operation}`)
  const modelName = m[5] ?? m[2]
  const request = { action: m[6] ?? m[4] ?? m[1] + m[3], query: fieldQuery(field, modelName) }
  if (modelName) request.modelName = modelName
  return { request, operation, alias: field.alias?.value ?? operation }
}

/** Removes the {"$type", "value"} tags of the JSON protocol: GraphQL answers carry the bare value. */
function untag(value) {
  if (Array.isArray(value)) return value.map(untag)
  if (value === null || typeof value !== 'object') return value
  if ('$type' in value) return value.value
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, untag(v)]))
}

function answer(result, { operation, alias }) {
  if (result.errors) return { errors: result.errors.map(resolveExternal) }
  const value = result.data[operation]
  return { data: { [alias]: operation === 'queryRaw' ? value : untag(value) } }
}

// ---------------------------------------------------------------- datasource, adapter, engine

function datasource(schema) {
  const block = /^\s*datasource\s+(\w+)\s*\{([^}]*)\}/m.exec(schema)
  if (!block) throw new Error('No datasource block in the schema')
  const provider = /^\s*provider\s*=\s*"(\w+)"/m.exec(block[2])[1]
  const url = /^\s*url\s*=\s*(?:env\(\s*"(\w+)"\s*\)|"([^"]*)")/m.exec(block[2])
  const override = JSON.parse(process.env.OVERWRITE_DATASOURCES ?? '[]').find((d) => d.name === block[1])
  const resolved = override
    ? (override.url ?? process.env[override.env])
    : (url?.[2] ?? process.env[url?.[1]])
  if (!resolved) throw new Error(`No url for datasource ${block[1]}`)
  return { provider: provider === 'postgres' ? 'postgresql' : provider, url: resolved }
}

function makeAdapter({ provider, url }) {
  if (provider === 'sqlite') {
    const { createClient } = packages('@libsql/client')
    const { PrismaLibSQL } = packages('@prisma/adapter-libsql')
    return new PrismaLibSQL(createClient({ url: url.split('?')[0], intMode: 'bigint' }))
  }
  if (provider === 'postgresql') {
    const { Pool } = packages('pg')
    const { PrismaPg } = packages('@prisma/adapter-pg')
    const u = new URL(url)
    const take = (key) => {
      const value = u.searchParams.get(key)
      u.searchParams.delete(key)
      return value ?? undefined
    }
    const schema = take('schema')
    const max = Number(take('connection_limit') ?? 10)
    const connectionTimeoutMillis = 1000 * Number(take('pool_timeout') ?? 10)
    for (const key of ['connect_timeout', 'pgbouncer', 'socket_timeout', 'statement_cache_size']) take(key)
    const pool = new Pool({
      connectionString: u.toString(),
      max,
      connectionTimeoutMillis,
      options: schema ? `-c search_path=${schema}` : undefined,
    })
    pool.on('error', (e) => console.error(`pg pool: ${e.message}`)) // else a dropped idle connection kills us
    return new PrismaPg(pool, { schema })
  }
  throw new Error(`Provider "${provider}" is not supported by this engine`)
}

let adapter
/** P2036 stands for "the driver threw": fetch the JS error behind the id, so that the caller sees its text. */
function resolveExternal(error) {
  const facing = error.user_facing_error
  if (facing?.error_code !== 'P2036') return error
  const cause = adapter.errorRegistry.consumeError(facing.meta?.id)?.error
  const text = `Database driver error: ${cause?.code ? cause.code + ' ' : ''}${cause?.message ?? cause}`
  return { ...error, error: text, user_facing_error: { ...facing, message: text } }
}

async function makeEngine() {
  const schema = fs.readFileSync(process.env.PRISMA_DML_PATH, 'utf8')
  readModels(schema)
  const source = datasource(schema)
  adapter = bindAdapter(makeAdapter(source))
  const dir = path.join(path.dirname(packages.resolve('@prisma/client/package.json')), 'runtime')
  const glue = require(path.join(dir, `query_engine_bg.${source.provider}.js`))
  const wasm = await WebAssembly.compile(
    fs.readFileSync(path.join(dir, `query_engine_bg.${source.provider}.wasm`)),
  )
  const instance = new WebAssembly.Instance(wasm, { './query_engine_bg.js': glue })
  glue.__wbg_set_wasm(instance.exports)
  const engine = new glue.QueryEngine(
    {
      datamodel: schema,
      env: process.env,
      logQueries: !!process.env.LOG_QUERIES,
      ignoreEnvVarErrors: true,
      datasourceOverrides: {},
      logLevel: process.env.LOG_QUERIES ? 'info' : 'error',
      configDir: '.',
      engineProtocol: 'json',
    },
    (line) => process.env.LOG_QUERIES && console.error(line),
    adapter,
  )
  await engine.connect('{}')
  return engine
}

// ---------------------------------------------------------------- HTTP API of the binary engine

const reply = (status, body) => ({ status, body })
const graphqlError = (e) => ({
  errors: [
    {
      error: String(e.message ?? e),
      user_facing_error: { is_panic: false, error_code: 'P2009', message: String(e.message ?? e), meta: {} },
    },
  ],
})

async function query(engine, body, txId) {
  const payload = JSON.parse(body)
  let items
  try {
    items = (payload.batch ?? [payload]).map((item) => translate(item.query))
  } catch (e) {
    return graphqlError(e)
  }
  if (!payload.batch) {
    const raw = await engine.query(JSON.stringify(items[0].request), '{}', txId)
    return answer(JSON.parse(raw), items[0])
  }
  const batch = { batch: items.map((item) => item.request), transaction: payload.transaction ? {} : undefined }
  const result = JSON.parse(await engine.query(JSON.stringify(batch), '{}', txId))
  if (result.errors) return { errors: result.errors.map(resolveExternal) }
  return { batchResult: result.batchResult.map((r, i) => answer(r, items[i])) }
}

async function transaction(engine, method, body, id) {
  const raw =
    method === 'start' ? await engine.startTransaction(body, '{}') : await engine[`${method}Transaction`](id, '{}')
  const result = JSON.parse(raw || '{}')
  if (!result.error_code) return reply(200, result)
  const { error: text, user_facing_error: facing } = resolveExternal({ error: result.message, user_facing_error: result })
  return reply(200, { errors: [{ error: (facing.meta?.error ?? text), user_facing_error: facing }] })
}

async function handle(engine, req, body) {
  const url = new URL(req.url, 'http://localhost')
  if (req.method === 'GET' && url.pathname === '/status') return reply(200, { status: 'ok' })
  if (req.method === 'GET' && url.pathname === '/metrics') {
    return reply(501, { error: 'Metrics are not available in the WASM query engine' })
  }
  if (req.method === 'POST' && url.pathname === '/') {
    return reply(200, await query(engine, body, req.headers['x-transaction-id']))
  }
  const tx = /^\/transaction\/(?:(start)|([\w-]+)\/(commit|rollback))$/.exec(url.pathname)
  if (req.method === 'POST' && tx) return transaction(engine, tx[1] ?? tx[3], body, tx[2])
  return reply(404, { error: `Not found: ${req.method} ${url.pathname}` })
}

async function main() {
  const port = Number(process.argv[process.argv.indexOf('-p') + 1])
  const engine = await makeEngine()
  const server = http.createServer(async (req, res) => {
    let out
    let fatal = false
    try {
      const chunks = []
      for await (const chunk of req) chunks.push(chunk)
      out = await handle(engine, req, Buffer.concat(chunks).toString('utf8'))
    } catch (e) {
      fatal = e instanceof WebAssembly.RuntimeError // a Rust panic: the instance can't be used any more
      out = reply(500, { error: String(e?.stack ?? e) })
    }
    res.writeHead(out.status, { 'Content-Type': 'application/json' })
    res.end(JSON.stringify(out.body), () => fatal && process.exit(101))
  })
  server.keepAliveTimeout = 0 // the client keeps its connections; closing first would race with its requests
  server.requestTimeout = 0
  const listen = (host) => server.listen(port, host)
  server.on('error', (e) => (e.code === 'EAFNOSUPPORT' ? listen('127.0.0.1') : fail(e)))
  listen('localhost')
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && process.exit(0), 1000).unref() // no orphan after SIGKILL of Python
}

function fail(e) {
  console.error(e)
  process.exit(1)
}
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0))
main().catch(fail)
