extension Rules {
  /// ONNX Runtime's own operators for quantised weights.
  static let contributedQuantization: [String: Rule] = [
    "com.microsoft.MatMulNBits": multiplyPacked,
    "com.microsoft.GatherBlockQuantized": gatherPacked,
    "com.microsoft.DynamicQuantizeMatMul": { call throws(ImportFailure) in
      let matrix = try real(call.input(1), scale: call.input(2), zero: call.optionalInput(3), axis: -1, call)
      return [try biased(try product(try call.input(0), matrix, call), 4, call)]
    },
    "com.microsoft.MatMulIntegerToFloat": { call throws(ImportFailure) in
      let left = try real(call.input(0), scale: call.input(2), zero: call.optionalInput(4), axis: -2, call)
      let right = try real(call.input(1), scale: call.input(3), zero: call.optionalInput(5), axis: -1, call)
      return [try biased(try product(left, right, call), 6, call)]
    },
    "com.microsoft.DequantizeLinear": { call throws(ImportFailure) in try quantization["DequantizeLinear"]?(call) ?? [] },
    "com.microsoft.QuantizeLinear": { call throws(ImportFailure) in try quantization["QuantizeLinear"]?(call) ?? [] },
  ]

  private static func biased(_ tensor: Tensor, _ index: Int, _ call: Call) throws(ImportFailure) -> Tensor {
    guard let bias = call.optionalInput(index) else { return tensor }
    return try combined(.add, tensor, bias, call)
  }

  /// A product with a matrix of packed codes, [outputs][blocks of inputs], a scale for each block.
  private static func multiplyPacked(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let (inputs, outputs) = (call.int("K", default: 0), call.int("N", default: 0))
    let (block, type) = try packing(call, most: 1 << 20)
    try requireLengths([inputs, outputs], call)
    let blocks = (inputs + block - 1) / block
    guard case .codes(let stored) = try call.input(1), stored.type == .uint8, stored.layout.isContiguous,
      stored.count == outputs * blocks * (block * type.bits / 8)
    else {
      throw call.malformed(
        "needs \(outputs) x \(blocks) blocks of \(block) packed numbers of \(type.bits) bits, but input 1 has shape \(try call.input(1).shape)"
      )
    }
    if let groups = call.optionalInput(4) {
      guard groups.count == inputs, let groups = groups.knownIntegers, groups.indices.allSatisfy({ groups[$0] == $0 / block }) else {
        throw call.unsupported("orders its groups by g_idx, which is not supported; quantise without reordering")
      }
    }
    guard case .reals(let scales) = try call.input(2), scales.count == outputs * blocks else {
      throw call.malformed("needs a scale for each of \(outputs) x \(blocks) blocks")
    }
    let packed = unpacked(stored, as: type, shape: [outputs, blocks, block])
    let zeros = try packedZeros(call.optionalInput(3), type, rows: outputs, blocks: blocks, call)
    guard
      var matrix = Weight.dequantized(packed, zeros: zeros, scales: reshaped(scales, [outputs, blocks, 1]), type: scales.type)
    else { throw call.malformed("has scales that do not fit its blocks") }
    matrix.layout = Layout(contiguous: [outputs, blocks * block]).sliced(axis: 1, start: 0, count: inputs).transposed([1, 0])
    return [try biased(try product(try call.input(0), .reals(matrix), call), 5, call)]
  }

  /// Rows of a table whose codes lie in blocks along the last axis.
  private static func gatherPacked(_ call: Call) throws(ImportFailure) -> [Tensor?] {
    let data = try call.input(0)
    let rank = data.shape.count
    guard rank == 2, case .codes(let stored) = data, stored.layout.isContiguous,
      try call.axis(call.int("gather_axis", default: 0), rank: rank) == 0,
      try call.axis(call.int("quantize_axis", default: 1), rank: rank) == 1
    else { throw call.unsupported("gathers from codes that are no table quantised along its rows") }
    var (block, type) = try packing(call, most: 1 << 20)
    // Codes of a type of their own are not packed into bytes.
    if stored.type != .uint8 { type = stored.type }
    let rows = data.shape[0]
    let width = stored.type == .uint8 ? data.shape[1] * 8 / type.bits : data.shape[1]
    let blocks = (width + block - 1) / block
    guard case .reals(let scales) = try call.input(2), scales.count == rows * blocks else {
      throw call.malformed("needs a scale for each of \(rows) x \(blocks) blocks")
    }
    var codes = unpacked(stored, as: type, shape: [rows, width])
    codes.layout = codes.layout.blocked(axis: 1, by: block)
    var zeros: Weight?
    if let zero = call.optionalInput(3) {
      zeros =
        stored.type == .uint8
        ? try packedZeros(zero, type, rows: rows, blocks: blocks, call) : reshaped(try known(zero, "zero points", call), [rows, blocks, 1])
    } else if stored.type == .uint8 {
      zeros = try packedZeros(nil, type, rows: rows, blocks: blocks, call)
    }
    guard
      var table = Weight.dequantized(codes, zeros: zeros, scales: reshaped(scales, [rows, blocks, 1]), type: scales.type)
    else { throw call.malformed("has scales that do not fit its blocks") }
    table.layout = Layout(contiguous: [rows, blocks * block]).sliced(axis: 1, start: 0, count: width)
    return try gather(.reals(table), try call.input(1), axis: 0, call)
  }

  // MARK: Packing

  private static func packing(_ call: Call, most: Int) throws(ImportFailure) -> (block: Int, type: DataType) {
    let block = call.int("block_size", default: 128)
    let bits = call.int("bits", default: 4)
    let types: [Int: DataType] = [2: .uint2, 4: .uint4, 8: .uint8]
    guard let type = types[bits] else { throw call.unsupported("packs numbers of \(bits) bits; 2, 4 and 8 are supported") }
    guard block >= 16, block <= most, block & (block - 1) == 0 else { throw call.malformed("has blocks of \(block)") }
    return (block, type)
  }

  private static func requireLengths(_ lengths: [Int], _ call: Call) throws(ImportFailure) {
    guard lengths.allSatisfy({ $0 > 0 && $0 <= 1 << 31 }) else { throw call.malformed("has lengths \(lengths)") }
  }

  private static func unpacked(_ bytes: Weight, as type: DataType, shape: [Int]) -> Weight {
    var result = Weight(type == bytes.type ? bytes.source : bytes.source.reread(as: type), shape: shape)
    guard bytes.layout.offset > 0 else { return result }
    result.layout = result.layout.moved(by: bytes.layout.offset * bytes.type.bits / type.bits)
    return result
  }

  /// Zero points of [rows][blocks]: packed like the codes, each row beginning a byte, or real numbers, or half the range.
  private static func packedZeros(
    _ zeros: Tensor?, _ type: DataType, rows: Int, blocks: Int, _ call: Call
  ) throws(ImportFailure) -> Weight {
    guard let zeros else { return Weight([Double(1 << (type.bits - 1))], shape: [], type: .float32) }
    if case .reals(let weight) = zeros {
      guard weight.count == rows * blocks else { throw call.malformed("needs a zero point for each of \(rows) x \(blocks) blocks") }
      return reshaped(weight, [rows, blocks, 1])
    }
    let rowBytes = type.bytes(blocks)
    guard case .codes(let stored) = zeros, stored.type == .uint8, stored.layout.isContiguous, stored.count == rows * rowBytes else {
      throw call.malformed("needs \(rows) x \(rowBytes) bytes of packed zero points")
    }
    var result = unpacked(stored, as: type, shape: [rows, rowBytes * 8 / type.bits])
    result.layout = result.layout.blocked(axis: 1, by: 1).sliced(axis: 1, start: 0, count: blocks)
    return result
  }
}
