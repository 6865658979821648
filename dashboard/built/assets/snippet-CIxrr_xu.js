import{ax as p,ay as t,az as c}from"./index-DaxPGYdC.js";function l(n,s,...e){var r=new c(n);p(()=>{const a=s()??null;r.ensure(a,a&&(o=>a(o,...e)))},t)}export{l as s};
