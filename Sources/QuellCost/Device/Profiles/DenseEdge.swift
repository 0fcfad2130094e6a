extension ShippedDevices {
  /// A processor that does not skip.
  static let denseEdge = #"""
    {
      "format": "quell-device",
      "version": 1,
      "name": "dense-edge",
      "description": "A processor that skips nothing: it multiplies every input, keeps each sum in a register, and has no events. Clock and lanes are SENECA's, so that a comparison shows what skipping is worth and not what a clock is.",
      "sources": {
        "horowitz": "Horowitz, Computing's energy problem, ISSCC 2014: rough energies at 45 nm and 0.9 V; reads of on-chip memory are given for 64 bits, 20 pJ from 32 kB and 100 pJ from 1 MB; DRAM 1.3 to 2.6 nJ, the middle of it",
        "assumed": "Assumed",
        "tang-core": "As SENECA's, for comparison: Tang et al. 2023, Frontiers in Neuroscience 17:1187252",
        "none": "Not known, and left out"
      },
      "clock_mhz": {"value": 500, "source": "tang-core", "measured": false},
      "lanes": {"value": 8, "source": "tang-core", "measured": false},
      "event_group": {"value": 1, "source": "assumed", "measured": false},
      "skips_quiet_inputs": false,
      "components": ["embedding", "layer_norm", "wkv", "attention", "gates", "linear", "head"],
      "core": {
        "memory_bytes": {"value": 1048576, "source": "assumed", "measured": false},
        "count": {"value": 1, "source": "assumed", "measured": false},
        "static_power_mw": {"value": 0, "source": "none", "measured": false}
      },
      "uncertainty": {
        "energy": {"value": 0.5, "source": "assumed", "measured": false},
        "latency": {"value": 0.5, "source": "assumed", "measured": false}
      },
      "instructions": {
        "add_f16": {
          "energy_pj": {"value": 0.4, "source": "horowitz", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        },
        "multiply_f16": {
          "energy_pj": {"value": 1.1, "source": "horowitz", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        },
        "add_f32": {
          "energy_pj": {"value": 0.9, "source": "horowitz", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        },
        "multiply_f32": {
          "energy_pj": {"value": 3.7, "source": "horowitz", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        },
        "add_int32": {
          "energy_pj": {"value": 0.1, "source": "horowitz", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        },
        "multiply_int8": {
          "energy_pj": {"value": 0.2, "source": "horowitz", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        }
      },
      "controller": {},
      "accesses": {
        "load": {
          "energy_pj": {"value": 5, "source": "horowitz", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        },
        "store": {
          "energy_pj": {"value": 5, "source": "horowitz", "measured": false},
          "cycles": {"value": 1, "source": "assumed", "measured": false}
        },
        "load_weight_32": {
          "energy_pj": {"value": 50.0, "source": "horowitz", "measured": false},
          "cycles": {"value": 2.0, "source": "assumed", "measured": false},
          "shared_energy_pj": {"value": 975.0, "source": "horowitz", "measured": false},
          "shared_cycles": {"value": 16.0, "source": "assumed", "measured": false}
        },
        "load_weight_16": {
          "energy_pj": {"value": 25.0, "source": "horowitz", "measured": false},
          "cycles": {"value": 1.0, "source": "assumed", "measured": false},
          "shared_energy_pj": {"value": 487.5, "source": "horowitz", "measured": false},
          "shared_cycles": {"value": 8.0, "source": "assumed", "measured": false}
        },
        "load_weight_8": {
          "energy_pj": {"value": 12.5, "source": "horowitz", "measured": false},
          "cycles": {"value": 0.5, "source": "assumed", "measured": false},
          "shared_energy_pj": {"value": 243.75, "source": "horowitz", "measured": false},
          "shared_cycles": {"value": 4.0, "source": "assumed", "measured": false}
        },
        "load_weight_4": {
          "energy_pj": {"value": 6.25, "source": "horowitz", "measured": false},
          "cycles": {"value": 0.25, "source": "assumed", "measured": false},
          "shared_energy_pj": {"value": 121.875, "source": "horowitz", "measured": false},
          "shared_cycles": {"value": 2.0, "source": "assumed", "measured": false}
        },
        "load_weight_2": {
          "energy_pj": {"value": 3.125, "source": "horowitz", "measured": false},
          "cycles": {"value": 0.125, "source": "assumed", "measured": false},
          "shared_energy_pj": {"value": 60.9375, "source": "horowitz", "measured": false},
          "shared_cycles": {"value": 1.0, "source": "assumed", "measured": false}
        }
      },
      "work": {
        "mac_f32": {"load_weight_32": 1, "multiply_f32": 1, "add_f32": 1},
        "mac_f16": {"load_weight_16": 1, "multiply_f16": 1, "add_f16": 1},
        "mac_bf16": {"load_weight_16": 1, "multiply_f16": 1, "add_f16": 1},
        "mac_int8": {"load_weight_8": 1, "multiply_int8": 1, "add_int32": 1},
        "mac_int4": {"load_weight_4": 1, "multiply_int8": 1, "add_int32": 1},
        "ac_f32": {"load_weight_32": 1, "multiply_f32": 1, "add_f32": 1},
        "ac_f16": {"load_weight_16": 1, "multiply_f16": 1, "add_f16": 1},
        "ac_bf16": {"load_weight_16": 1, "multiply_f16": 1, "add_f16": 1},
        "ac_int8": {"load_weight_8": 1, "multiply_int8": 1, "add_int32": 1},
        "ac_int4": {"load_weight_4": 1, "multiply_int8": 1, "add_int32": 1},
        "lookup_f32": {"load_weight_32": 1, "store": 1},
        "lookup_f16": {"load_weight_16": 1, "store": 1},
        "lookup_bf16": {"load_weight_16": 1, "store": 1},
        "lookup_int8": {"load_weight_8": 1, "store": 1},
        "lookup_int4": {"load_weight_4": 1, "store": 1},
        "sum": {},
        "output": {"load": 1, "add_f16": 1, "store": 1},
        "compare_input": {"load": 1},
        "emit_event": {},
        "take_event": {},
        "attend": {"load": 1, "multiply_f16": 1, "add_f16": 1},
        "copy": {"load": 1, "store": 1},
        "negate": {"load": 1, "add_f16": 1, "store": 1},
        "rectify": {"load": 1, "add_f16": 1, "store": 1},
        "absolute": {"load": 1, "add_f16": 1, "store": 1},
        "exponential": {"load": 1, "multiply_f16": 6, "add_f16": 6, "add_int32": 2, "store": 1},
        "sigmoid": {"load": 1, "multiply_f16": 10, "add_f16": 9, "add_int32": 2, "store": 1},
        "hyperbolic_tangent": {"load": 1, "multiply_f16": 10, "add_f16": 10, "add_int32": 2, "store": 1},
        "square_root": {"load": 1, "multiply_f16": 6, "add_f16": 6, "store": 1},
        "logarithm": {"load": 1, "multiply_f16": 7, "add_f16": 7, "add_int32": 2, "store": 1},
        "sine": {"load": 1, "multiply_f16": 7, "add_f16": 7, "add_int32": 2, "store": 1},
        "cosine": {"load": 1, "multiply_f16": 7, "add_f16": 7, "add_int32": 2, "store": 1},
        "error_function": {"load": 1, "multiply_f16": 12, "add_f16": 12, "add_int32": 2, "store": 1},
        "add": {"load": 2, "add_f16": 1, "store": 1},
        "subtract": {"load": 2, "add_f16": 1, "store": 1},
        "multiply": {"load": 2, "multiply_f16": 1, "store": 1},
        "divide": {"load": 2, "multiply_f16": 4, "add_f16": 2, "store": 1},
        "maximum": {"load": 2, "add_f16": 1, "store": 1},
        "minimum": {"load": 2, "add_f16": 1, "store": 1},
        "threshold": {"load": 2, "add_f16": 1, "store": 1},
        "choose": {"load": 3, "add_f16": 1, "store": 1},
        "mac_ternary": {"load_weight_2": 1, "add_int32": 1},
        "lookup_ternary": {"load_weight_2": 1, "store": 1},
        "round": {"load": 1, "add_int32": 1, "store": 1}
      }
    }
    """#
}
